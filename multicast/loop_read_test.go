package multicast

import (
	"net"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// fakeBrief is a fakeConn that counts how it is read.
type fakeBrief struct {
	*fakeConn
	told, untold int
}

func (c *fakeBrief) Read(ps []Packet) (int, error) {
	c.told++
	return c.fakeConn.Read(ps)
}

func (c *fakeBrief) readQuick(ps []Packet) (int, error) {
	c.untold++
	return c.fakeConn.Read(ps)
}

// The scheduler is told of few reads where the Handler is quick, but of one now and
// then; and of all where it isn't, or where nobody knows.
func TestTheSchedulerIsTold(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("with one processor it is told of all")
	}
	const n = 100
	for _, test := range []struct {
		what        string
		handler     func(bool)
		least, most int
	}{
		{"a quick Handler", func(bool) {}, n / 20, n / 5},
		{"a slow Handler", func(bool) { time.Sleep(time.Duration(quickDelivery)) }, n, n},
		{"no Handler", nil, n, n},
	} {
		synctest.Test(t, func(t *testing.T) {
			in := &fakeBrief{fakeConn: newFakeConn()}
			lt := newLoopTest(t, in)
			lt.loop.cfg.Deliver = test.handler
			lt.run()
			for range n - 1 { // the last read waits
				time.Sleep(time.Millisecond)
				in.arrive <- []string{"a"}
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if in.told < test.least || in.told > test.most || in.told+in.untold != n {
				t.Errorf("%s: the scheduler was told of %d reads, and not of %d", test.what, in.told, in.untold)
			}
			lt.close()
		})
	}
}

// tellingPoller has one buffer, as sockets do. What is polled from it is "mine"; but who
// polls before that was dealt with gets "another's", in the same buffer.
type tellingPoller struct {
	*fakeConn
	buffer [9]byte
	polled int
	before func() // called before the first poll returns
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

// A glance at a socket that is polled keeps its hands off what the reader has yet to deal
// with: they share a buffer.
func TestAGlanceLeavesWhatWasPolled(t *testing.T) {
	lt := newLoopTest(t)
	out := &tellingPoller{fakeConn: lt.out}
	out.before = func() {
		lt.loop.Lock()
		lt.loop.glance.look(lt.loop)
		lt.loop.Unlock()
	}
	lt.loop.cfg.Out = out
	newSocketReader(lt.loop, out, out).run()
	got := slices.DeleteFunc(lt.machine.received, func(s string) bool { return s == "waited for" })
	if len(got) == 0 || got[0] != "mine" {
		t.Errorf("polled was %q, want what came first to be \"mine\"", got)
	}
	lt.close()
}
