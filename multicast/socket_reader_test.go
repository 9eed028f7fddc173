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
	noticed, unnoticed int
}

func (c *fakeBrief) Read(ps []Packet) (int, error) {
	c.noticed++
	return c.fakeConn.Read(ps)
}

func (c *fakeBrief) readQuick(ps []Packet) (int, error) {
	c.unnoticed++
	return c.fakeConn.Read(ps)
}

// The scheduler notices few reads where the Handler is quick, but one now and then; and all
// where it is not quick, or not known to be.
func TestTheSchedulerNoticesReads(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("with one processor it notices all")
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
			if in.noticed < test.least || in.noticed > test.most || in.noticed+in.unnoticed != n {
				t.Errorf("%s: the scheduler noticed %d reads, and did not notice %d",
					test.what, in.noticed, in.unnoticed)
			}
			lt.close()
		})
	}
}
