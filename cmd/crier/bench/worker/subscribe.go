package worker

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/subscriber"
)

const (
	// arrivePatience is the time without progress after which missing messages are given up,
	// and arriveLongest the time in all.
	arrivePatience = 5 * time.Second
	arriveLongest  = time.Minute
	arrivePoll     = 5 * time.Millisecond
)

// reception is a subscriber that fills a sink.
type reception struct {
	*sink
	sessions []subscriber.SessionID
	last     int  // the session of the latest message
	paced    bool // messages have due times, each
	ledger   *ledger
}

// sessionIDs returns the ids of the publishers' sessions.
func sessionIDs(t *job.Task) []subscriber.SessionID {
	ids := make([]subscriber.SessionID, len(t.Sessions))
	for i, id := range t.Sessions {
		ids[i] = subscriber.SessionID(id)
	}
	return ids
}

// handle is the subscriber's Handler.
func (s *reception) handle(ev *subscriber.Event) {
	f := s.flow(ev.Session, ev.Partition)
	if f == nil {
		return // another program's session on this group
	}
	switch ev.Kind {
	case subscriber.Message:
		due := s.message(f, ev.Offset, ev.Payload)
		if ev.Recovered {
			s.recovered++
			s.recovery.Record(ev.Recovery)
		}
		if s.ledger != nil {
			late := time.Duration(-1)
			if due != 0 {
				late = max(0, time.Duration(nanos()-due))
			}
			s.ledger.note(ev.Offset, ev.Payload, late)
			return
		}
		if due == 0 {
			return
		}
		if s.paced && !ev.Arrived.IsZero() && !ev.Recovered {
			s.kernel.Record(time.Duration(ev.Arrived.UnixNano() - due))
		}
		late := time.Duration(nanos() - due)
		if ev.Recovered {
			s.repaired.Record(late)
			s.found.Record(max(0, late-ev.Recovery))
		} else {
			s.latency.Record(late)
		}
	case subscriber.Loss:
		s.passed(f, ev.Lost.From, ev.Lost.To)
	}
}

func (s *reception) flow(session subscriber.SessionID, partition uint32) *flow {
	if s.sessions[s.last] != session {
		i := slices.Index(s.sessions, session)
		if i < 0 {
			return nil
		}
		s.last = i
	}
	partitions := len(s.flows) / len(s.sessions)
	if int(partition) >= partitions {
		return nil
	}
	return &s.flows[s.last*partitions+int(partition)]
}

// subscriberConfig returns the configuration that the task asks for, without a Handler.
func (w *worker) subscriberConfig() (subscriber.Config, error) {
	group, err := w.task.GroupAddr()
	if err != nil {
		return subscriber.Config{}, err
	}
	_, wait, err := w.task.Waits()
	cfg := subscriber.Config{
		Groups: []netip.AddrPort{group}, Interface: w.task.Interface, History: w.task.History,
		Link:   subscriber.Link{Wait: wait, NoOffload: !w.task.Offload, Network: w.network},
		Logger: w.log,
	}
	if w.task.Shape.Partitions > 1 || w.task.Shared() {
		cfg.Topic = job.ShapeTopic
	}
	feeds, wrong := w.task.FeedsOf()
	if feeds != nil {
		cfg.Feeds, cfg.Groups, cfg.Interface = feeds, nil, ""
	}
	return cfg, errors.Join(err, wrong)
}

func (w *worker) newReception(p *job.Progress) *reception {
	in := &reception{sink: newSink(w.task, p), sessions: sessionIDs(w.task), paced: w.task.Rate > 0}
	if w.task.Checked() {
		in.ledger = newLedger(w.task.Size)
	}
	return in
}

// subscribed returns the receiver of a subscriber's role.
func (w *worker) subscribed(s *subscriber.Subscriber, in *reception) receiver {
	st := s.Stats()
	return receiver{
		ready: &job.Ready{MTU: st.Groups[0].MTU, ReadBuffer: st.Groups[0].ReadBuffer,
			WriteBuffer: st.Socket.WriteBuffer},
		arrived: func(counts []uint64) error { return arrived(s, sessionIDs(w.task), counts) },
		stop:    s.Close, // the sink is ours from there on
		into: func(r *job.Result, counts []uint64) {
			for _, session := range s.Sessions() {
				r.Nacks += session.Nacks
				r.Repairs += session.Repairs
			}
			r.KernelDrops = s.Stats().Sockets().KernelDrops - st.Sockets().KernelDrops
			in.into(r, counts)
			if in.ledger != nil {
				in.ledger.into(r)
			}
		},
	}
}

// subscribe plays the role of a subscriber.
func subscribe(w *worker) error {
	cfg, err := w.subscriberConfig()
	if err != nil {
		return err
	}
	var p *job.Progress
	if w.task.Progress != "" {
		if p, err = w.task.OpenProgress(); err != nil {
			return err
		}
		defer p.Close()
	}
	in := w.newReception(p)
	cfg.Handler = in.handle
	s, err := subscriber.New(cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	return w.receive(w.subscribed(s, in))
}

// arrived waits until all messages were delivered or given up, or no more come.
func arrived(s *subscriber.Subscriber, sessions []subscriber.SessionID, counts []uint64) error {
	if len(counts) != len(sessions) {
		return fmt.Errorf("%d publishers told how much they sent, not %d", len(counts),
			len(sessions))
	}
	return settle(func() (uint64, bool) {
		var done uint64
		far := make([]uint64, len(sessions)) // over all partitions
		for _, st := range s.Sessions() {
			if i := slices.Index(sessions, st.ID); i >= 0 {
				done += st.Delivered + st.Lost
				far[i] += st.Delivered + st.Lost + st.FirstOffset
			}
		}
		for i, n := range far {
			if n < counts[i] {
				return done, false
			}
		}
		return done, true
	})
}

// settleCount waits until as many messages as were sent have come, or no more come.
func settleCount(got *atomic.Uint64) func(counts []uint64) error {
	return func(counts []uint64) error {
		return settle(func() (uint64, bool) { n := got.Load(); return n, missing(counts, n) == 0 })
	}
}

// settle waits until look reports completion, or its count no longer grows.
func settle(look func() (done uint64, complete bool)) error {
	begun := time.Now()
	moved, at := uint64(0), begun
	for {
		done, complete := look()
		now := time.Now()
		if done != moved {
			moved, at = done, now
		}
		if complete || now.Sub(at) > arrivePatience || now.Sub(begun) > arriveLongest {
			return nil
		}
		time.Sleep(arrivePoll)
	}
}
