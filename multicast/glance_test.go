package multicast

import (
	"net"
	"slices"
	"testing"
	"testing/synctest"
)

// A caller that sends a full batch looks whether something has come meanwhile, and what that
// calls for goes first.
func TestHotBurstGlances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		in := make(chan string, 1)
		lt.loop.sendBy(fakePoller{lt.out, in})
		want := lt.gathers()
		lt.soon("b", false)
		in <- "request"
		lt.soon("c", true)
		lt.wantWrites(want + " bc")
		if got := lt.machine.received; len(got) != 1 || got[0] != "request" {
			t.Errorf("received %q", got)
		}
		lt.close()
	})
}

// meanwhilePoller is a fakePoller during whose TryRead other goroutines act.
type meanwhilePoller struct {
	fakePoller
	others func()
}

func (p meanwhilePoller) TryRead(ps []Packet) (int, error) {
	p.others()
	return p.fakePoller.TryRead(ps)
}

// What a glance read is answered, though other goroutines have sent meanwhile all that
// gathered.
func TestAGlanceIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		in := make(chan string, 1)
		lt.loop.sendBy(meanwhilePoller{fakePoller{lt.out, in}, func() {
			lt.loop.Lock()
			lt.loop.SettleNow()
		}})
		lt.machine.receive = func() { lt.machine.urgent = []byte("R") }
		want := lt.gathers()
		lt.soon("b", false)
		in <- "NACK"
		lt.soon("c", true)
		lt.wantWrites(want + " bc R")
		lt.close()
	})
}

// tellingPoller has one buffer, as sockets do. The first poll returns "mine"; a second one
// before that was dealt with returns "another's", in the same buffer.
type tellingPoller struct {
	*fakeConn
	buffer [9]byte
	polled int
	// before is called before the first poll returns.
	before func()
}

func (c *tellingPoller) Read(ps []Packet) (int, error) { // at once, so that it is polled soon
	ps[0] = Packet{Data: []byte("waited for")}
	return 1, nil
}

func (c *tellingPoller) TryRead(ps []Packet) (int, error) {
	switch c.polled++; c.polled {
	case 1:
		n := copy(c.buffer[:], "mine")
		ps[0] = Packet{Data: c.buffer[:n]}
		c.before()
		return 1, nil
	case 2:
		n := copy(c.buffer[:], "another's")
		ps[0] = Packet{Data: c.buffer[:n]}
		return 1, nil
	}
	return 0, net.ErrClosed
}

// A glance at a socket that is polled leaves alone what the reader has yet to deal with:
// they share a buffer.
func TestAGlanceLeavesWhatWasPolled(t *testing.T) {
	lt := newLoopTest(t)
	out := &tellingPoller{fakeConn: lt.out}
	out.before = func() {
		lt.loop.Lock()
		lt.loop.glance.look(lt.loop)
		lt.loop.Unlock()
	}
	lt.loop.sendBy(out)
	newSocketReader(lt.loop, out, out).run()
	got := slices.DeleteFunc(lt.machine.received, func(s string) bool { return s == "waited for" })
	if len(got) == 0 || got[0] != "mine" {
		t.Errorf("polled was %q, want what came first to be \"mine\"", got)
	}
	lt.close()
}
