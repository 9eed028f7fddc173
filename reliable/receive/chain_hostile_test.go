package receive

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// An invented session that never ends holds one that lives back for so long, however its inventor
// keeps it open, and a recorder's not at all.
func TestAnInventedSessionHoldsNoneBackForEver(t *testing.T) {
	for _, trickle := range []bool{false, true} {
		l := newListener(t, Config{Joined: 5e9, Start: reliable.Oldest,
			Logs: Logs{Ask: true}})
		f := over(t, impostor, 600, 0, 1<<40, 1e18, nil, 1, 0)
		l.tells(impostor, f)
		began := l.now
		sent, served := uint64(0), uint64(0)
		for l.now < began.Add(100*time.Second) && l.session(1).Delivered == 0 {
			if sent%10 == 0 {
				l.hears(rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1,
					Time: uint64(l.now - began), Wall: 2e18, Channels: 1, Name: []byte("trades")}))
			}
			l.hears(rig.Data(t, 1, sent))
			sent++
			again := over(t, impostor, 600, 0, 1<<40, 1e18, nil, 1+sent, 0)
			l.tells(impostor, again)
			for _, n := range l.nacks(impostor.Addr, 100*time.Millisecond) {
				for _, r := range n.Ranges {
					l.from(impostor.Addr, rig.Made(t, frame.Frame{Kind: frame.Confirm, Session: 600,
						Responder: impostor.ID, Time: 5000 + sent, Ranges: []nack.Range{r}}))
					if trickle && r.Contains(served) {
						l.from(impostor.Addr, repairOf(t, impostor, 600, n.Request, served, served))
						served++
					}
				}
			}
		}
		took := l.now.Sub(began)
		if st := l.session(1); took > heldTime+time.Second || st.Lost != 0 {
			t.Errorf("trickle %v: after %v: %+v", trickle, took, st)
		}
	}
}

// A tape takes the sessions as they come: none waits for another one.
func TestATapeWaitsForNoOtherSession(t *testing.T) {
	r := &reel{}
	l := newListener(t, Config{Joined: 5e9, Start: reliable.Oldest, Runs: true, Tape: r,
		Logs: Logs{Ask: true}})
	l.tells(impostor, over(t, impostor, 600, 0, 1<<40, 1e18, nil, 1, 0))
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1, Wall: 2e18, Channels: 1,
		Name: []byte("trades")}))
	l.hears(rig.Data(t, 1, 0))
	if st := l.session(1); len(l.held) != 0 || st.Delivered != 1 {
		t.Errorf("%d are held; %+v", len(l.held), st)
	}
}
