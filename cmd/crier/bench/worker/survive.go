package worker

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/impair"
)

const (
	// burstSize is the size of the messages of a publisher that dies, in bytes, and burstRate
	// the rate at which it sends them: one that nobody else is overrun by.
	burstSize = 1 << 10
	burstRate = 400 * publisher.Mbit
	// repairWait is the time for others to ask for what they lack of it, before it dies, and
	// survivePatience that for each step after that.
	repairWait      = 300 * time.Millisecond
	survivePatience = 10 * time.Second
)

// survivor is a subscriber that outlives a publisher of its own.
type survivor struct {
	session atomic.Uint64
	// Messages that came as repairs, and when the first and the last of them came, in
	// nanoseconds; and those that came in all.
	recovered, messages atomic.Uint64
	first, last         atomic.Int64
	certified           atomic.Bool
}

// handle is the subscriber's Handler.
func (v *survivor) handle(ev *subscriber.Event) {
	if uint64(ev.Session) != v.session.Load() {
		return
	}
	switch ev.Kind {
	case subscriber.Message:
		v.messages.Add(1)
		if ev.Recovered {
			v.recovered.Add(1)
			v.first.CompareAndSwap(0, nanos())
			v.last.Store(nanos())
		}
	case subscriber.SessionSilent:
		v.certified.Store(ev.Certificate != nil)
	}
}

// rate returns the bytes of messages a second that came as repairs.
func (v *survivor) rate() float64 {
	span := time.Duration(v.last.Load() - v.first.Load())
	if span <= 0 {
		return 0
	}
	return float64(v.recovered.Load()*burstSize) / span.Seconds()
}

// survive plays a subscriber beside those that are measured, and a publisher that dies: others
// serve what the subscriber lacks of it, if that is cut off meanwhile. It is ready when they do.
func survive(w *worker) error {
	t := w.task
	cfg, err := w.subscriberConfig()
	if err != nil {
		return err
	}
	own, dying := impair.NewCable(w.network), impair.NewCable(w.network)
	v := &survivor{}
	cfg.Link.Network, cfg.Handler = own, v.handle
	group, err := netip.ParseAddrPort(t.Group)
	if err != nil {
		return err
	}
	s, err := subscriber.New(cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	p, err := publisher.New(publisher.Config{
		Group: group, Interface: t.Interface, Logger: w.log,
		Link: publisher.Link{NoOffload: !t.Offload, Network: dying},
		Flow: publisher.Flow{MaxRate: burstRate},
	})
	if err != nil {
		return err
	}
	v.session.Store(uint64(p.Session()))
	count := uint64(t.Survival.Burst / burstSize)
	publish := func(n uint64) error {
		payload := make([]byte, burstSize)
		for range n {
			if _, err := p.Publish(context.Background(), payload); err != nil {
				return err
			}
		}
		return p.Flush(context.Background())
	}
	if err := publish(1); err != nil {
		return err
	}
	if !until(func() bool { return v.messages.Load() == 1 }) {
		return errors.New("a publisher wasn't heard by the subscriber beside it")
	}
	if t.Survival.Lacks {
		own.Pull()
	}
	if err := publish(count - 1); err != nil {
		return err
	}
	time.Sleep(repairWait)
	dying.Pull() // it is dead, as far as others can know
	own.Plug()
	begun := func() bool {
		return v.recovered.Load() > 0 || !t.Survival.Lacks && v.certified.Load()
	}
	if !until(begun) {
		return errors.New("a publisher died, and no other subscriber helped")
	}
	st := s.Stats()
	left := uint64(0)
	return w.receive(receiver{
		ready: &job.Ready{MTU: st.Groups[0].MTU, ReadBuffer: st.Groups[0].ReadBuffer,
			WriteBuffer: st.Socket.WriteBuffer},
		arrived: func([]uint64) error { left = count - v.messages.Load(); return nil },
		stop:    s.Close,
		into: func(r *job.Result, _ []uint64) {
			r.Messages, r.Missing, r.Served = v.recovered.Load(), left, v.rate()
		},
	})
}

// until waits for a condition, and reports false if that takes too long.
func until(is func() bool) bool {
	for begun := time.Now(); !is(); time.Sleep(arrivePoll) {
		if time.Since(begun) > survivePatience {
			return false
		}
	}
	return true
}
