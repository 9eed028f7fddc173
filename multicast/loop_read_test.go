package multicast

import (
	"runtime"
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

func (c *fakeBrief) readBriefly(ps []Packet) (int, error) {
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
		{"a slow Handler", func(bool) { time.Sleep(time.Duration(briefly)) }, n, n},
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
