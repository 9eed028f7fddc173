package multicast

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The Loop is not running: no other goroutine could send.
func TestALoneChangeIsSentByItsCaller(t *testing.T) {
	lt := newLoopTest(t)
	lt.change("a")
	lt.change("b")
	lt.wantWrites("a b")
	if lt.machine.sent != 2 {
		t.Errorf("Sent was called %d times", lt.machine.sent)
	}
	lt.due(time.Hour) // the timer is set without the lock
	lt.close()
}

func TestOthersChangesGoWithTheNextSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		gate := make(chan struct{})
		lt.out.gate = gate
		var first sync.WaitGroup
		first.Go(func() { lt.change("a") })
		synctest.Wait() // it is sending
		lt.change("b")  // returns at once
		lt.change("c")
		lt.wantWrites("")
		close(gate)
		first.Wait()
		lt.wantWrites("a bc")
		lt.close()
	})
}

func TestTheTokenPassesOnAfterABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.machine.one = true
		lt.change("abcdefgh")
		lt.wantWrites("a b c d") // the caller has done its part
		lt.change("i")           // another sends what was begun, and leaves what gathers
		lt.wantWrites("a b c d e")
		lt.run()
		synctest.Wait()
		lt.wantWrites("a b c d e f g h i")
		lt.out.gate = make(chan struct{})
		close(lt.out.gate)
		lt.change("j") // the token is free again
		lt.wantWrites("a b c d e f g h i j")
		lt.close()
	})
}

func TestAFullSocketIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		lt.out.room = 3
		lt.change("abcdef")
		lt.change("g")
		synctest.Wait()
		lt.wantWrites("abc")
		lt.out.give(2)
		synctest.Wait()
		lt.wantWrites("abc de")
		if lt.machine.sent != 0 {
			t.Error("Sent was called before all was sent")
		}
		lt.out.give(-1)
		synctest.Wait()
		lt.wantWrites("abc de f g")
		lt.close()
	})
}

// A deadline that passes while the socket is full stays. The machine is advanced all the
// same, but not as fast as the processor can.
func TestAFullSocketDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		lt.machine.stuck = true
		lt.out.room = 0
		lt.change("a")
		time.Sleep(time.Second)
		lt.loop.Lock()
		n, sets := len(lt.machine.advanced), lt.timer.sets.Load()
		lt.loop.Unlock()
		if n < 50 || n > 200 {
			t.Errorf("the machine was advanced %d times in a second", n)
		}
		lt.out.give(-1)
		synctest.Wait()
		lt.wantWrites("a")
		time.Sleep(time.Second) // nothing is due any more
		if more := lt.timer.sets.Load() - sets; more > 2 {
			t.Errorf("the timer was set %d times for nothing", more)
		}
		lt.close()
	})
}

func TestADeadlineThatMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		lt.run()
		lt.due(time.Second)
		lt.due(100 * time.Millisecond) // earlier
		lt.due(150 * time.Millisecond) // later: the timer isn't touched
		if n := lt.timer.sets.Load(); n != 2 {
			t.Errorf("the timer was set %d times", n)
		}
		time.Sleep(60 * time.Millisecond)
		lt.due(300 * time.Millisecond) // again later, and little of the time is left
		if n := lt.timer.sets.Load(); n != 3 {
			t.Errorf("the timer was set %d times", n)
		}
		time.Sleep(140 * time.Millisecond)
		lt.wantAdvanced()
		time.Sleep(2 * time.Second)
		lt.wantAdvanced(300 * time.Millisecond)
		lt.close()
	})
}

// A change deals at once with what is due.
func TestAChangeSeesToWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		time.Sleep(time.Millisecond)
		lt.machine.advance = func(int64) { lt.machine.queue = append(lt.machine.queue, 'a') }
		lt.due(0)
		lt.wantAdvanced(time.Millisecond)
		lt.wantWrites("a")
		lt.close()
	})
}

// Goroutines that move the deadline to and fro leave the timer set to the machine's last
// deadline.
func TestManyMoveTheDeadline(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			lt := newLoopTest(t)
			lt.run()
			var all sync.WaitGroup
			for g := range uint64(8) {
				all.Go(func() {
					r := rand.New(rand.NewPCG(seed, g))
					for range 50 {
						lt.due(time.Duration(1 + r.IntN(1000)*int(time.Millisecond)))
					}
				})
			}
			all.Wait()
			lt.loop.Lock()
			last := time.Duration(lt.machine.deadline)
			lt.loop.Unlock()
			time.Sleep(2 * time.Second)
			lt.wantAdvanced(last)
			lt.close()
		})
	}
}

// The goroutine that read datagrams delivers those that the machine takes at once, before
// the machine takes the rest. The timer delivers as well.
func TestDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newFakeConn()
		lt := newLoopTest(t, in)
		var delivered []string
		lt.loop.cfg.Deliver = func(received bool) {
			lt.loop.Lock() // no goroutine holds it
			defer lt.loop.Unlock()
			if !received {
				delivered = append(delivered, "timer")
				return
			}
			got := lt.machine.received
			delivered = append(delivered, got[len(got)-1])
		}
		lt.run()
		in.arrive <- []string{"a", "b"}
		synctest.Wait()
		lt.due(time.Second)
		time.Sleep(2 * time.Second)
		lt.out.arrive <- []string{"c"}
		synctest.Wait()
		lt.close()
		if want := []string{"a", "b", "timer", "c"}; !slices.Equal(delivered, want) {
			t.Errorf("delivered %q, want %q", delivered, want)
		}
	})
}

func TestSettleAllocatesNothing(t *testing.T) {
	lt := newLoopTest(t)
	lt.loop.cfg.Machine = &steadyMachine{}
	lt.loop.sendBy(sink{lt.out})
	if n := testing.AllocsPerRun(100, func() {
		lt.loop.Lock()
		lt.loop.cfg.Machine.(*steadyMachine).due = true
		lt.loop.Settle()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	lt.close()
}

// steadyMachine sends one datagram each time that it is due.
type steadyMachine struct {
	due  bool
	data [1]byte
}

func (m *steadyMachine) Receive(_ int64, ps []Packet) (int, bool) { return len(ps), false }
func (m *steadyMachine) Advance(int64)                            {}

func (m *steadyMachine) Deadline(now int64) int64 { return now + int64(time.Second) }

func (m *steadyMachine) Next(int64, bool) (Datagrams, bool) {
	return Datagrams{Data: m.data[:], Segment: 1}, m.due
}
func (m *steadyMachine) Sent() { m.due = false }
