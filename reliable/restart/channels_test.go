package restart

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// log answers FINDs as a recorder does, of sessions with several channels.
type log struct {
	ends map[[2]uint64]uint64 // of a session and channel: the offset
	prev map[uint64]uint64
	wall map[uint64]int
	most uint64 // the channels that it answers of, if that isn't 0
}

// say returns the answers to a FIND.
func (l *log) say(find *frame.Frame) (list []frame.Frame) {
	for session := range uint64(9) {
		end, ok := l.ends[[2]uint64{session, uint64(find.Channel)}]
		if !ok || find.Session != 0 && find.Session != session ||
			l.most > 0 && uint64(find.Channel) >= l.most {
			continue
		}
		f := digest(session, end, 0, l.wall[session], l.prev[session])
		f.Channel, f.Request = find.Channel, find.Request
		list = append(list, f)
	}
	return list
}

// ask runs a Search of channels, and returns its result, how long it took, and the questions.
func ask(t *testing.T, cfg Config, l *log) (Result, time.Duration, []frame.Frame) {
	t.Helper()
	cfg.ID, cfg.Publisher, cfg.Wall = 5, "trades", wall
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var dec frame.Decoder
	var asked []frame.Frame
	now := reliable.Time(0)
	for ; !s.Done(); now = s.Deadline() {
		s.Advance(now)
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			var find frame.Frame
			if err := dec.Decode(b.Data, &find); err != nil {
				t.Fatal(err)
			}
			s.Sent(b)
			asked = append(asked, find)
			for _, f := range l.say(&find) {
				s.Handle(now+1, addr(1), &f)
			}
		}
		if s.Done() {
			break
		}
	}
	return s.Result(), time.Duration(now), asked
}

// Each channel goes on at its own end, and where the newest session has none, at that of the one
// before.
func TestChannels(t *testing.T) {
	l := &log{ends: map[[2]uint64]uint64{}, prev: map[uint64]uint64{4: 3}, wall: map[uint64]int{4: 9}}
	for c := range uint64(16) {
		l.ends[[2]uint64{3, c}] = 100 + 10*c
		if c%2 == 0 {
			l.ends[[2]uint64{4, c}] = 500 + 10*c
		}
	}
	r, took, asked := ask(t, Config{Channels: 17}, l)
	if r.Running || len(r.Prev) != 17 || took > 700*time.Millisecond {
		t.Fatalf("%+v after %v", r, took)
	}
	for c, p := range r.Prev {
		want := uint64(500 + 10*c)
		if c%2 == 1 {
			want = uint64(100 + 10*c)
		}
		if c == 16 { // which nobody knows
			if p != (reliable.Link{}) {
				t.Errorf("channel %d goes on behind %+v", c, p)
			}
			continue
		}
		if p.Session != 4 || p.Channel != uint32(c) || p.Offset != want || p.Publisher != "trades" {
			t.Errorf("channel %d goes on behind %+v, want offset %d of session 4", c, p, want)
		}
	}
	if n := len(asked); n != 1+3*17 {
		t.Errorf("%d questions", n)
	}
	for i, f := range asked {
		if f.Session == 0 && f.Channel != 0 && i < len(asked)-17 {
			t.Errorf("question %d is about all sessions in channel %d", i, f.Channel)
		}
	}
}

// The own log has channels, too, and others may know more.
func TestChannelsOfTheOwnLog(t *testing.T) {
	known := func(channel uint32, next uint64) Known {
		return Known{Session: 4, Channel: channel, Seq: next / 10, Offset: next, Title: reliable.Title{
			Publisher: "trades", Wall: wall - 1000e9}}
	}
	own := []Known{known(0, 100), known(1, 200), known(2, 300), known(9, 1)}
	r, _, _ := ask(t, Config{Channels: 3, Known: own}, &log{})
	for c, p := range r.Prev {
		if p.Session != 4 || p.Offset != uint64(100+100*c) {
			t.Errorf("channel %d goes on behind %+v", c, p)
		}
	}
	r, _, _ = ask(t, Config{Channels: 3, Known: own}, &log{ends: map[[2]uint64]uint64{
		{4, 0}: 90, {4, 1}: 210, {4, 2}: 300}})
	if r.Prev[0].Offset != 100 || r.Prev[1].Offset != 210 || r.Prev[2].Offset != 300 {
		t.Errorf("with a holder: %+v", r.Prev)
	}
}

// 256 channels take no longer than their questions, and those whose answers don't come begin at 0.
func TestManyChannels(t *testing.T) {
	l := &log{ends: map[[2]uint64]uint64{}, most: 200}
	for c := range uint64(256) {
		l.ends[[2]uint64{3, c}] = 1 + c
	}
	r, took, asked := ask(t, Config{Channels: 256}, l)
	if len(r.Prev) != 256 || took > 4*time.Second || len(asked) != 1+3*256 {
		t.Fatalf("%d channels after %v, %d questions", len(r.Prev), took, len(asked))
	}
	for c, p := range r.Prev {
		if want := uint64(1 + c); c < 200 && p.Offset != want || c >= 200 && p.Session != 0 {
			t.Errorf("channel %d goes on at %d", c, p.Offset)
		}
	}
}
