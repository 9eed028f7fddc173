package record

import (
	"slices"
	"testing"

	"crier/reliable"
	"crier/reliable/journal"
	"crier/subscriber"
	"crier/subscriber/recorder"
)

// Each inquest and each certificate of a session is told once, as what it is.
func TestWitness(t *testing.T) {
	one := &reliable.Certificate{Number: 1}
	two := &reliable.Certificate{Number: 2}
	withdrawn := &reliable.Certificate{Number: 2, Withdrawn: true}
	again := &reliable.Certificate{Number: 1}
	var got []subscriber.Kind
	w := &witness{seen: make(map[journal.Key]*seen), tell: func(ev *subscriber.Event) {
		got = append(got, ev.Kind)
		if ev.Session != 7 || ev.Publisher != "news" {
			t.Errorf("%+v", ev)
		}
	}}
	for _, s := range []recorder.Session{
		{}, {Inquest: true}, {Inquest: true}, {Certificate: one}, {Certificate: one},
		{Certificate: two}, {Certificate: two}, {Certificate: withdrawn},
		{Certificate: withdrawn, Inquest: true}, {Certificate: again}, {}, {Certificate: one},
		{Certificate: one, Inquest: true},
		{Certificate: one, Live: true},
	} {
		s.Key, s.Title = journal.Key{Session: 7}, &reliable.Title{Publisher: "news"}
		w.look([]recorder.Session{s})
	}
	want := []subscriber.Kind{subscriber.SessionInquest, subscriber.SessionSilent,
		subscriber.SessionAmended, subscriber.SessionResumed, subscriber.SessionInquest,
		subscriber.SessionSilent, subscriber.SessionSilent, subscriber.SessionInquest,
		subscriber.SessionResumed}
	if !slices.Equal(got, want) {
		t.Errorf("it told %v, want %v", got, want)
	}
}
