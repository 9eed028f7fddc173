package send

import (
	"bytes"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/team"
)

// teamed is a publisher with one member of a team, which says what a test makes up.
type teamed struct {
	*testing.T
	*Sender
	st   *Stream
	now  reliable.Time
	enc  frame.Encoder
	dec  frame.Decoder
	c    frame.ClaimBody
	f    frame.Frame
	got  *frame.GrantBody
	told []frame.Kind
	// shift is what the driver says.
	shift time.Duration
}

func newTeamed(t *testing.T, cfg Config, share frame.Share) *teamed {
	t.Helper()
	cfg.Session, cfg.Flow.StallTimeout = 0xabc, time.Second
	cfg.Teams.Settle, cfg.Teams.Debounce = -1, -1
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &teamed{T: t, Sender: s, st: s.Stream(0)}
	p.f = frame.Frame{Kind: frame.Claim, Session: 0xabc, Subscriber: 5, Name: []byte("a")}
	p.c = frame.ClaimBody{Team: []byte("risk"), Share: share, Weight: 1, Room: 2, Window: 16}
	p.step(200 * time.Millisecond)
	return p
}

// step lets time pass, and takes what comes.
func (p *teamed) step(d time.Duration) {
	for end := p.now.Add(d); ; {
		p.Shift(p.shift)
		at := min(p.Sender.Deadline(p.now), end)
		p.now = max(p.now, at)
		p.Shift(p.shift)
		p.Advance(p.now)
		for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
			p.take(b)
			p.Sent(b)
		}
		if at == end {
			return
		}
	}
}

// take takes what goes to the member.
func (p *teamed) take(b reliable.Batch) {
	if b.To != rig.SubscriberAddr {
		return
	}
	var f frame.Frame
	if err := p.dec.Decode(bytes.Clone(b.Data), &f); err != nil {
		p.Fatal(err)
	}
	if p.told = append(p.told, f.Kind); f.Kind == frame.Grant {
		p.got = f.Grant
	}
}

// claim sends a CLAIM over the wire.
func (p *teamed) claim(entries ...frame.ClaimEntry) {
	p.f.Request++
	p.c.Entries = entries
	if p.got != nil {
		p.c.Granted = p.got.Stamp
	}
	p.f.Claim = &p.c
	var f frame.Frame
	if err := p.dec.Decode(p.enc.Append(nil, &p.f), &f); err != nil {
		p.Fatal(err)
	}
	p.Handle(p.now, rig.SubscriberAddr, &f)
	p.step(0)
}

func (p *teamed) hold() frame.GrantEntry {
	p.Helper()
	if p.got == nil || len(p.got.Entries) != 1 || p.got.Entries[0].State != frame.Hold {
		p.Fatalf("it is granted %+v", p.got)
	}
	return p.got.Entries[0]
}

// TestTeamOverWire grants a partition by frames.
func TestTeamOverWire(t *testing.T) {
	p := newTeamed(t, Config{}, frame.ByPartition)
	if p.Teams() != nil || p.TeamPositions() != nil {
		t.Fatal("there is an arbiter before any CLAIM")
	}
	p.st.Publish(p.now, []byte("before"))
	p.step(time.Millisecond)
	p.claim()
	p.claim()
	if e := p.hold(); e.From != 1 || e.Seq > 1 {
		t.Fatalf("%+v", e)
	}
	for range 5 {
		p.st.Publish(p.now, []byte("x"))
		p.step(time.Millisecond)
	}
	p.claim(frame.ClaimEntry{Epoch: p.got.Entries[0].Epoch, Done: 4, Seq: 4})
	list := p.TeamPositions()
	if len(list) != 1 || list[0].Offset != 4 || list[0].Seq != 4 || list[0].Session != 0xabc {
		t.Fatalf("%+v", list)
	}
	q, err := New(Config{Session: 0xdef})
	if err != nil {
		t.Fatal(err)
	}
	if q.RestoreTeams(list); q.Teams() == nil || q.Teams().Teams() != 1 {
		t.Fatal("it isn't restored")
	}
}

// TestLeaseClock ends a lease by the clock that goes on while the machine sleeps.
func TestLeaseClock(t *testing.T) {
	p := newTeamed(t, Config{}, frame.ByPartition)
	p.claim()
	p.claim()
	p.hold()
	p.claim()
	at := p.Teams().Deadline()
	if due := p.teams.due(); due != at {
		t.Fatalf("%v and %v", due, at)
	}
	p.shift = 700 * time.Millisecond
	p.Shift(p.shift)
	if due := p.teams.due(); due != at.Add(-p.shift) {
		t.Fatalf("%v and %v", due, at)
	}
	since := p.now
	for p.Teams().Stats().Lapsed == 0 && p.now.Sub(since) < 3*time.Second {
		p.step(10 * time.Millisecond)
	}
	if after := p.now.Sub(since); after < 1425*time.Millisecond || after > 1445*time.Millisecond {
		t.Errorf("it lapses after %v", after)
	}
}

// TestWatchAnySession answers a tool that doesn't know the session, and not for ever.
func TestWatchAnySession(t *testing.T) {
	p := newTeamed(t, Config{}, frame.Watch)
	p.f.Session = 0
	p.claim()
	if len(p.told) != 1 || p.told[0] != frame.Team {
		t.Fatalf("it is told %v", p.told)
	}
	for range 10_000 {
		p.claim()
	}
	if len(p.told) > 1000 || p.Teams().Stats().Unanswered == 0 {
		t.Errorf("it is told %d times, %d refused", len(p.told),
			p.Teams().Stats().Unanswered)
	}
	p.c.Share = frame.ByPartition
	p.f.Subscriber = 6
	p.claim()
	if p.claim(); p.Teams().Teams() != 0 {
		t.Error("a member of another session joined")
	}
}

// TestPaceOfTeams keeps what a team hasn't done, and refuses more.
func TestPaceOfTeams(t *testing.T) {
	cfg := Config{Flow: Flow{Pace: reliable.OfTeams(), WhenFull: reliable.Block},
		Retention: Retention{ResendBuffer: 64 << 10}}
	p := newTeamed(t, cfg, frame.ByPartition)
	p.claim()
	p.claim()
	e := p.hold()
	message := make([]byte, 1000)
	publish := func() (n uint64) {
		for ; n < 1000; n++ {
			if _, err := p.st.Publish(p.now, message); err != nil {
				return n
			}
			p.step(time.Millisecond)
			if n%100 == 0 {
				p.claim(frame.ClaimEntry{Epoch: e.Epoch})
			}
		}
		return n
	}
	n := publish()
	if n == 1000 || n < 10 || p.Sender.Stats().Counted != 1 ||
		p.Sender.Stats().Retained < n || p.Sender.Stats().BlockedBy[reliable.BySubscribers].Times == 0 {
		t.Fatalf("%d find room: %+v", n, p.Sender.Stats())
	}
	freed := p.st.Freed()
	p.claim(frame.ClaimEntry{Epoch: e.Epoch, Done: 10, Seq: 10})
	if p.st.Freed() == freed || p.Sender.Stats().Retained != p.st.store.Next()-10 {
		t.Fatalf("after ten are done, %d are kept", p.Sender.Stats().Retained)
	}
	if more := publish(); more == 0 || more > 15 {
		t.Errorf("%d more find room", more)
	}
	// A team without members holds it up, too.
	p.f.Flags = frame.Leaving
	p.claim()
	p.step(10 * time.Second)
	if more := publish(); more != 0 {
		t.Errorf("%d more find room", more)
	}
	if s := p.Teams().States(); len(s) != 1 || s[0].Members != 0 || s[0].Lag == 0 {
		t.Errorf("%+v", s)
	}
	if !p.ForgetTeam(p.now, "risk") || p.ForgetTeam(p.now, "risk") {
		t.Error("forgetting it answers wrong")
	}
	p.step(time.Second)
	if more := publish(); more != 1000 {
		t.Errorf("%d more find room once it is forgotten", more)
	}
}

// TestPaceOfTeamsDrains waits at the end for a team that makes progress.
func TestPaceOfTeamsDrains(t *testing.T) {
	cfg := Config{Flow: Flow{Pace: reliable.OfTeams()}, Repair: Repair{Linger: time.Millisecond}}
	p := newTeamed(t, cfg, frame.ByPartition)
	p.claim()
	p.claim()
	e := p.hold()
	for range 100 {
		p.st.Publish(p.now, []byte("x"))
		p.step(time.Millisecond)
	}
	p.Close(p.now)
	for i := range uint64(100) {
		if p.Finished(p.now) {
			t.Fatalf("over with %d done", i)
		}
		p.step(500 * time.Millisecond)
		p.claim(frame.ClaimEntry{Epoch: e.Epoch, Done: i + 1, Seq: i + 1})
	}
	if p.step(2 * time.Second); !p.Finished(p.now) {
		t.Error("not over though all is done")
	}
}

// TestMembersDontHoldUpTheEnd ends soon after a team has done all, whatever its members lack of
// what others had.
func TestMembersDontHoldUpTheEnd(t *testing.T) {
	p := newTeamed(t, Config{Repair: Repair{Linger: 100 * time.Millisecond}}, frame.ByPartition)
	p.claim()
	p.claim()
	e := p.hold()
	p.st.Publish(p.now, []byte("x"))
	p.step(time.Millisecond)
	status := func(id uint64) {
		p.Handle(p.now, rig.SubscriberAddr, &frame.Frame{Kind: frame.Status, Session: 0xabc,
			Subscriber: id, Echo: uint64(p.now) + 1, Held: 0})
	}
	p.Close(p.now)
	p.step(10 * time.Millisecond)
	for range 5 { // it hasn't done it
		p.step(50 * time.Millisecond)
		status(5)
	}
	if p.Finished(p.now) {
		t.Fatal("over with a message that isn't done")
	}
	p.claim(frame.ClaimEntry{Epoch: e.Epoch, Done: 1, Seq: 1})
	for range 5 {
		p.step(50 * time.Millisecond)
		status(5)
	}
	if !p.Finished(p.now) {
		t.Error("not over though all is done")
	}
}

// TestMessagesOverWire grants messages as they are sent.
func TestMessagesOverWire(t *testing.T) {
	p := newTeamed(t, Config{Flow: Flow{Pace: reliable.OfTeams()}}, frame.ByMessage)
	p.claim()
	p.claim()
	for range 5 {
		p.st.Publish(p.now, []byte("x"))
	}
	if p.step(time.Millisecond); len(p.got.Entries) != 1 || p.got.Entries[0].From != 0 ||
		p.got.Entries[0].To != 2 || len(p.got.Passed) != 1 || p.got.Passed[0].Offset != 2 {
		t.Fatalf("%+v", p.got)
	}
	one := frame.ClaimEntry{}
	one.Ranges = append(one.Ranges, nack.Range{From: 0, To: 2})
	p.claim(one)
	if got := p.got.Entries; len(got) != 1 || got[0].From != 2 || got[0].To != 4 {
		t.Fatalf("%+v", p.got)
	}
	if floor, ok := p.Teams().Floor(0); !ok || floor != 2 {
		t.Errorf("a floor of %d", floor)
	}
}

// TestTeamsOff refuses all.
func TestTeamsOff(t *testing.T) {
	p := newTeamed(t, Config{Teams: team.Config{Off: true}}, frame.ByPartition)
	if p.claim(); p.got.Refused != frame.NoTeams {
		t.Errorf("%+v", p.got)
	}
	if f := p.st.sessionFrame(p.now); f.Teams {
		t.Error("SESSION says that it grants")
	}
}

// TestTeamsConfig names the field of a mistake.
func TestTeamsConfig(t *testing.T) {
	_, err := New(Config{Session: 1, Teams: team.Config{Lease: time.Hour}})
	if err == nil || err.Error() != "Teams.Lease: a lease of 1h0m0s is outside 200ms to 1m0s" {
		t.Error(err)
	}
}
