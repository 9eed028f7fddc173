package receive

import (
	"slices"
	"testing"

	"crier/nack"
	"crier/reliable"
)

// The position behind each event has the offset that comes next, and the frame that the
// message before ended in.
func TestPositions(t *testing.T) {
	l := newListener(t, Config{})
	l.hears(mail(t, 5, 10, 2))
	for _, part := range pieces(t, 1, 6, 12, 3000) {
		l.hears(part)
	}
	l.hears(mail(t, 11, 15, 1)) // messages 13 and 14 are in frames that don't come
	l.lacks(nack.Range{From: 9, To: 11})
	want := []reliable.Position{
		{Session: 1, Seq: 5, Offset: 11}, {Session: 1, Seq: 5, Offset: 12},
		{Session: 1, Seq: 8, Offset: 13}, {Session: 1, Seq: 11, Offset: 15},
		{Session: 1, Seq: 11, Offset: 16},
	}
	var got []reliable.Position
	for _, ev := range l.told {
		if ev.Kind == reliable.SessionNew {
			if p := ev.Position(); p != (reliable.Position{}) {
				t.Errorf("the position behind the beginning is %+v", p)
			}
			continue
		}
		got = append(got, ev.Position())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
