package watch

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

var (
	here  = netip.MustParseAddrPort("192.0.2.1:1000")
	there = netip.MustParseAddrPort("192.0.2.2:2000")
)

// answer is a part of the answer to a request.
func answer(request uint64, part, parts uint32) *frame.Frame {
	body := &frame.TeamBody{Team: []byte("risk"), Part: part, Parts: parts, Share: frame.ByPartition}
	if part == 0 {
		body.Members = []frame.TeamMember{{Index: 4, Name: []byte("a")}}
	} else {
		body.Rows = []frame.TeamRow{{Channel: part, Owner: 5, Done: 2, Newest: 3}, {Channel: 9}}
	}
	return &frame.Frame{Kind: frame.Team, Session: 7, Request: request, Team: body}
}

// sends wants a number of questions to be sent.
func sends(t *testing.T, w *Watcher, now reliable.Time, want int) {
	t.Helper()
	n := 0
	for {
		if _, ok := w.Next(now); !ok {
			break
		}
		w.Sent(reliable.Batch{})
		n++
	}
	if n != want {
		t.Errorf("%d questions at %v, want %d", n, now, want)
	}
}

// A publisher that doesn't answer is asked again, and an answer is taken when all of its parts
// have come, from whoever was asked.
func TestAsk(t *testing.T) {
	w := New(1)
	w.Ask(0, "risk", false, []Target{{Addr: here}, {Addr: there, Session: 8}})
	sends(t, w, 0, 2)
	sends(t, w, 0, 0)
	if w.Deadline() != reliable.Time(again) {
		t.Errorf("asks again at %v", w.Deadline())
	}
	sends(t, w, reliable.Time(again), 2)

	w.Handle(0, netip.MustParseAddrPort("192.0.2.3:1000"), answer(1, 0, 1)) // a stranger
	w.Handle(0, there, answer(2, 0, 1))                                     // another session
	w.Handle(0, here, answer(9, 0, 1))                                      // never asked
	w.Handle(0, here, answer(1, 3, 2))                                      // beyond its parts
	w.Handle(0, here, answer(1, 0, 2))
	w.Handle(0, here, answer(3, 1, 2)) // a part of another answer
	if answers, silent := w.Answers(); len(answers) != 0 || len(silent) != 2 {
		t.Fatalf("%+v, silent %v", answers, silent)
	}
	w.Handle(0, here, answer(1, 1, 2))
	answers, silent := w.Answers()
	if len(answers) != 1 || len(silent) != 1 || silent[0].Addr != there {
		t.Fatalf("%+v, silent %v", answers, silent)
	}
	a := answers[0]
	if a.Session != 7 || len(a.Members) != 1 || a.Members[0].Name != "a" || len(a.Rows) != 2 ||
		a.Rows[0].Owner != 0 || a.Rows[0].Newest != 3 || a.Rows[1].Owner != -1 {
		t.Errorf("%+v", a)
	}
	if w.Over(0) || !w.Over(reliable.Time(Wait)) {
		t.Errorf("over %v at once, %v in the end", w.Over(0), w.Over(reliable.Time(Wait)))
	}
	sends(t, w, reliable.Time(2*again), 1) // the silent one
	sends(t, w, reliable.Time(Wait+time.Second), 0)

	// What was asked before doesn't count any more.
	w.Ask(reliable.Time(Wait), "risk", false, []Target{{Addr: here}})
	sends(t, w, reliable.Time(Wait), 1)
	w.Handle(0, here, answer(1, 0, 1))
	if answers, _ := w.Answers(); len(answers) != 0 {
		t.Errorf("an old answer counts: %+v", answers)
	}
	w.Handle(0, here, answer(w.request, 0, 1))
	if !w.Over(reliable.Time(Wait)) {
		t.Error("it isn't over though all have answered")
	}
}
