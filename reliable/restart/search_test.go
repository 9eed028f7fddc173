package restart

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

const wall = int64(1_700_000_000_000_000_000)

// holder answers FINDs: what it says may change with time.
type holder struct {
	at    netip.AddrPort
	after time.Duration // the way there and back
	say   func(now time.Duration) []frame.Frame
}

func addr(host byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, host}), 7701)
}

// digest is the word of a recorder about a session that began some seconds after the first.
func digest(session, next uint64, flags frame.Flags, seconds int, prev uint64) frame.Frame {
	f := frame.Frame{
		Kind: frame.Digest, Flags: flags, Session: session, Responder: 77, Name: []byte("trades"),
		NextSeq: next / 10, NextOffset: next,
		Digest: &frame.DigestBody{Role: frame.Recorder, Position: next / 10, To: next / 10,
			Wall: wall - 1000e9 + int64(seconds)*1e9},
	}
	if prev != 0 {
		f.Digest.Prev = &frame.Link{Session: prev}
	}
	return f
}

// first returns the session to go on with, and its end in the first channel, or zero.
func first(r Result) reliable.Link {
	if r.Prev == nil {
		return reliable.Link{}
	}
	return r.Prev[0]
}

// always says the same.
func always(frames ...frame.Frame) func(time.Duration) []frame.Frame {
	return func(time.Duration) []frame.Frame { return frames }
}

// search runs a Search in virtual time, and returns its result and how long it took.
func search(t *testing.T, cfg Config, holders ...holder) (Result, time.Duration, *Search) {
	t.Helper()
	r, took, s := run(t, false, cfg, holders...)
	if again, also, _ := run(t, true, cfg, holders...); !reflect.DeepEqual(again, r) || also != took {
		t.Errorf("where Next is called first, it finds %+v after %v, and not %+v after %v", again,
			also, r, took)
	}
	return r, took, s
}

// run is search where a driver calls Advance or Next first.
func run(t *testing.T, nextFirst bool, cfg Config, holders ...holder) (
	Result, time.Duration, *Search) {
	t.Helper()
	cfg.ID, cfg.Publisher, cfg.Wall = 5, "trades", wall
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	type arrival struct {
		at   reliable.Time
		from netip.AddrPort
		f    frame.Frame
	}
	var due []arrival
	var dec frame.Decoder
	for now := reliable.Time(0); !s.Done(); {
		if !nextFirst {
			s.Advance(now)
		}
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			var find frame.Frame
			if err := dec.Decode(b.Data, &find); err != nil || find.Find == nil ||
				find.Find.What != frame.FindEnd || string(find.Name) != "trades" || b.To.IsValid() {
				t.Fatalf("%v: %v to %v", err, &find, b.To)
			}
			s.Sent(b)
			for _, h := range holders {
				for _, f := range h.say(time.Duration(now)) {
					f.Request = find.Request
					due = append(due, arrival{now.Add(h.after), h.at, f})
				}
			}
		}
		next, at := s.Deadline(), -1
		for i := range due {
			if due[i].at < next {
				next, at = due[i].at, i
			}
		}
		if s.Done() {
			return s.Result(), time.Duration(now), s
		}
		if next < now || next > reliable.Time(time.Minute) {
			t.Fatalf("at %v it waits until %v", now, next)
		}
		if now = next; at >= 0 {
			a := due[at]
			due = append(due[:at], due[at+1:]...)
			var f frame.Frame
			var e frame.Encoder
			if err := dec.Decode(e.Append(nil, &a.f), &f); err != nil {
				t.Fatalf("%v: %v", err, &a.f)
			}
			s.Handle(now, a.from, &f)
		}
	}
	return s.Result(), 0, s
}

func TestSearch(t *testing.T) {
	const ms = time.Millisecond
	known := func(session reliable.SessionID, next uint64, seconds int) Known {
		return Known{Session: session, Seq: next / 10, Offset: next, Title: reliable.Title{
			Publisher: "trades", Wall: wall - 1000e9 + int64(seconds)*1e9}}
	}
	says := func(host byte, after time.Duration, frames ...frame.Frame) holder {
		return holder{addr(host), after, always(frames...)}
	}
	named := func(f frame.Frame, name string) frame.Frame {
		f.Name = []byte(name)
		return f
	}
	replay := digest(9, 900, 0, 500, 0)
	replay.Digest.Replay = 3
	cases := []struct {
		name    string
		cfg     Config
		holders []holder
		session reliable.SessionID
		offset  uint64
		took    time.Duration
		running bool
	}{
		{name: "nobody answers", took: 1200 * ms},
		{name: "a recorder", holders: []holder{says(1, ms, digest(1, 500, 0, 0, 0))},
			session: 1, offset: 500, took: 300 * ms},
		{name: "the highest end counts", holders: []holder{says(1, ms, digest(1, 500, 0, 0, 0)),
			says(2, 2*ms, digest(1, 510, 0, 0, 0)), says(3, 3*ms, digest(1, 490, 0, 0, 0))},
			session: 1, offset: 510, took: 300 * ms},
		{name: "the newest by its start", holders: []holder{says(1, ms, digest(1, 500, 0, 0, 0),
			digest(2, 20, 0, 7, 0))}, session: 2, offset: 20, took: 300 * ms},
		{name: "the newest by what it continues, with a clock that was set back",
			holders: []holder{says(1, ms, digest(1, 500, 0, 0, 0), digest(2, 520, 0, -9, 1))},
			session: 2, offset: 520, took: 300 * ms},
		{name: "of two at once the greater id", holders: []holder{says(1, ms,
			digest(8, 500, 0, 0, 0), digest(3, 520, 0, 0, 0))},
			session: 8, offset: 500, took: 300 * ms},
		{name: "sessions that continue each other", holders: []holder{says(1, ms,
			digest(1, 500, 0, 0, 2), digest(2, 520, 0, 5, 1))},
			session: 2, offset: 520, took: 300 * ms},
		{name: "other publishers and replays don't count", holders: []holder{says(1, ms,
			digest(1, 500, 0, 0, 0), named(digest(2, 900, 0, 9, 0), "quotes"), replay)},
			session: 1, offset: 500, took: 300 * ms},
		{name: "the own log alone", cfg: Config{Known: []Known{known(4, 70, 1), known(3, 80, 0)}},
			session: 4, offset: 70, took: 1200 * ms},
		{name: "the own log and a subscriber that heard more",
			cfg:     Config{Known: []Known{known(4, 70, 1)}},
			holders: []holder{says(1, ms, digest(4, 75, 0, 1, 0))},
			session: 4, offset: 75, took: 300 * ms},
		{name: "the own log proves that a session is over",
			cfg:     Config{Known: []Known{known(4, 70, 1)}},
			holders: []holder{says(1, ms, digest(4, 75, frame.Live, 1, 0))},
			session: 4, offset: 75, took: 300 * ms},
		{name: "it runs", holders: []holder{says(1, ms, digest(1, 500, frame.Live, 0, 0))},
			took: 5000 * ms, running: true},
		{name: "an older one runs", holders: []holder{says(1, ms,
			digest(1, 500, frame.Live, 0, 0), digest(2, 50, 0, 9, 0))},
			took: 5000 * ms, running: true},
		{name: "it falls silent after two seconds", holders: []holder{{addr(1), ms,
			func(now time.Duration) []frame.Frame {
				if now < 2*time.Second {
					return []frame.Frame{digest(1, 500, frame.Live, 0, 0)}
				}
				return []frame.Frame{digest(1, 500, 0, 0, 0)}
			}}}, session: 1, offset: 500, took: 2100 * ms},
		{name: "one that is far away", holders: []holder{says(1, 200*ms,
			digest(1, 500, 0, 0, 0))}, session: 1, offset: 500, took: 1000 * ms},
		{name: "only recorders count",
			cfg: Config{Recorders: []netip.Addr{addr(1).Addr()}},
			holders: []holder{says(1, ms, digest(1, 500, 0, 0, 0)),
				says(2, ms, digest(1, 900, frame.Live, 0, 0), digest(2, 77, 0, 5, 1))},
			session: 1, offset: 500, took: 300 * ms},
		{name: "more than a session can have", holders: []holder{says(1, ms,
			digest(1, 500, 0, 0, 0)), says(2, ms, digest(1, 1<<62, 0, 0, 0))},
			session: 1, offset: 500, took: 300 * ms},
		{name: "from the future", holders: []holder{says(1, ms, digest(1, 500, 0, 0, 0)),
			says(2, ms, digest(6, 100, 0, 9999, 0))}, session: 1, offset: 500, took: 300 * ms},
	}
	linked := Known{Session: 5, Seq: 9, Offset: 90, Title: reliable.Title{Publisher: "trades",
		Wall: wall - 900e9, FirstOffset: 70, Prev: reliable.Link{Session: 4}}}
	// A stranger has the first word, and the last one, of each round.
	for _, c := range []struct {
		name    string
		own     []Known
		lies    []frame.Frame
		session reliable.SessionID
		offset  uint64
	}{
		{"a session that continues the newest, with a lower end", nil,
			[]frame.Frame{digest(9, 3, 0, 100, 2)}, 9, 900},
		{"the newest continues nothing, and the one before is newer", nil,
			[]frame.Frame{digest(2, 1, 0, -500, 0), digest(1, 1, 0, 100, 0)}, 2, 900},
		{"the newest continues another, and the one before it continues it", nil,
			[]frame.Frame{digest(2, 1, 0, 0, 77), digest(1, 1, 0, 100, 2)}, 1, 900},
		{"beside an own log, a session that nothing joins to it", []Known{known(4, 70, 1), linked},
			[]frame.Frame{digest(9, 3, 0, 900, 0)}, 5, 90},
		{"beside an own log, one that joins it", []Known{known(4, 70, 1), linked},
			[]frame.Frame{digest(9, 3, 0, 900, 4), digest(5, 3, 0, 900, 9)}, 5, 90},
		{"beside an own log, a start long ago", []Known{known(4, 70, 1), linked},
			[]frame.Frame{digest(5, 1<<60, 0, -1e9, 0)}, 5, 90},
	} {
		honest := says(1, 2*ms, digest(1, 500, 0, 0, 0), digest(2, 900, 0, 5, 1))
		if c.own != nil {
			honest = says(1, 2*ms, digest(4, 70, 0, 1, 0))
		}
		r, took, _ := search(t, Config{Known: c.own}, says(66, ms, c.lies...), honest,
			says(66, 3*ms, c.lies...))
		if prev := first(r); prev.Session != c.session || prev.Offset != c.offset || took != 300*ms {
			t.Errorf("%s: %+v after %v, want session %v to %d", c.name, r, took, c.session, c.offset)
		}
	}
	for _, c := range cases {
		r, took, _ := search(t, c.cfg, c.holders...)
		if prev := first(r); prev.Session != c.session || prev.Offset != c.offset ||
			r.Running != c.running || c.session != 0 && prev.Publisher != "trades" {
			t.Errorf("%s: %+v, want session %v to %d, running %v", c.name, r, c.session, c.offset,
				c.running)
		}
		if took != c.took {
			t.Errorf("%s: it took %v, want %v", c.name, took, c.took)
		}
		if c.running && (r.Witness.From != addr(1) || r.Witness.Role != frame.Recorder ||
			r.Witness.Session != 1) {
			t.Errorf("%s: the witness is %+v", c.name, r.Witness)
		}
	}
}

// What a publisher of the same name says itself counts, too: SESSION, its heartbeats, and BYE.
func TestPublishersAreHeardThemselves(t *testing.T) {
	for _, bye := range []bool{false, true} {
		said := holder{addr(9), time.Millisecond, func(now time.Duration) []frame.Frame {
			f := []frame.Frame{{Kind: frame.Session, Session: 3, Name: []byte("trades"), Channels: 1,
				Wall: wall - 100e9, FirstSeq: 1, FirstOffset: 10}, {Kind: frame.Heartbeat, Session: 3,
				NextSeq: 60, NextOffset: 600}}
			if bye {
				f[1].Kind = frame.Bye
			}
			return f
		}}
		r, took, _ := search(t, Config{}, said)
		if r.Running == bye || bye && first(r).Offset != 600 {
			t.Errorf("BYE %v: %+v after %v", bye, r, took)
		}
		if !bye && (r.Witness.Role != frame.Publisher || r.Witness.From != addr(9)) {
			t.Errorf("the witness is %+v", r.Witness)
		}
	}
}

// Strangers can't make a Search keep more than its bounds, nor end it later.
func TestStrangersAreBounded(t *testing.T) {
	flood := holder{addr(200), time.Millisecond, func(now time.Duration) (list []frame.Frame) {
		for i := range uint64(2000) {
			list = append(list, digest(1000+uint64(now)+i, i, 0, -int(i%500), 0))
		}
		return list
	}}
	r, took, s := search(t, Config{}, flood,
		holder{addr(1), 2 * time.Millisecond, always(digest(1, 500, 0, 900, 0))})
	if first(r).Session != 1 || first(r).Offset != 500 || took != 300*time.Millisecond {
		t.Errorf("%+v after %v", r, took)
	}
	if n := len(s.sessions.list); n != maxNamed+1 || s.Stats().Refused == 0 {
		t.Errorf("%d sessions, %+v", n, s.Stats())
	}
	var holders []holder
	for host := range byte(100) {
		at := addr(host)
		holders = append(holders, holder{at, time.Millisecond,
			func(time.Duration) (list []frame.Frame) {
				for i := range uint64(20) {
					f := digest(1+uint64(host)<<32+i, i, 0, 0, 0)
					f.Responder = uint64(host)<<32 + i
					list = append(list, f)
				}
				return list
			}})
	}
	_, _, s = search(t, Config{}, holders...)
	if len(s.sessions.list) != maxSessions || len(s.holders) > maxHolders {
		t.Errorf("%d sessions, %d holders", len(s.sessions.list), len(s.holders))
	}
}

func ExampleSearch() {
	s, _ := New(Config{ID: 1, Publisher: "trades", Wall: wall})
	s.Advance(0)
	find, _ := s.Next(0)
	fmt.Println(len(find.Data), "bytes to the group")
	s.Sent(find)
	f := digest(7, 500, frame.Final, 0, 0)
	s.Handle(2e6, addr(1), &f)
	for !s.Done() {
		now := s.Deadline()
		s.Advance(now)
		if b, ok := s.Next(now); ok {
			s.Sent(b)
		}
	}
	prev := s.Result().Prev[0]
	fmt.Println("goes on at", prev.Offset, "behind session", prev.Session)
	// Output:
	// 67 bytes to the group
	// goes on at 500 behind session 0000000000000007
}
