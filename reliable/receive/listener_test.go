package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// listener is a Receiver that hears what a test makes up.
type listener struct {
	t *testing.T
	*Receiver
	now  reliable.Time
	told []reliable.Event
	// asked is where FINDs for recorders went.
	asked []netip.AddrPort
}

func newListener(t *testing.T, cfg Config) *listener {
	t.Helper()
	cfg.ID = 1
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &listener{t: t, Receiver: r, now: cfg.Joined + 1e9}
}

// hears gives the Receiver a frame from the publisher's address.
func (l *listener) hears(f *frame.Frame) {
	l.Handle(l.now, rig.PublisherAddr, f)
	l.poll()
}

func (l *listener) poll() {
	var events [8]reliable.Run
	for n := l.Poll(events[:]); n > 0; n = l.Poll(events[:]) {
		for _, ev := range events[:n] {
			l.told = append(l.told, ev.Event)
			for ev.Next() {
				l.told = append(l.told, ev.Event)
			}
		}
	}
}

// pass lets time pass, and returns how many datagrams are sent meanwhile. Where
// the socket is blocked, the first stays with it.
func (l *listener) pass(d time.Duration, blocked bool) (sent int) {
	l.t.Helper()
	end := l.now.Add(d)
	for rounds := 0; ; {
		if at := l.Deadline(); at > end {
			break
		} else if at > l.now {
			l.now, rounds = at, 0
		} else if blocked {
			l.now += reliable.Time(10 * time.Millisecond) // as often as a Loop looks then
			if l.now > end {
				break
			}
		} else if rounds++; rounds > 100 {
			l.t.Fatalf("at %d its deadline doesn't move", l.now)
		}
		l.Advance(l.now)
		for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
			sent++
			if blocked {
				break
			}
			l.Sent(b)
		}
		l.poll()
	}
	l.now = end
	return sent
}
