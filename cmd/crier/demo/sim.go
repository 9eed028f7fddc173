package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/hist"
	"crier/cmd/crier/sub"
	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/world"
)

// simLinks are the three networks.
var simLinks = []struct {
	name, link string
	down       link.Config
	up         link.Config
}{
	{
		"clean", "50 µs away, loses nothing",
		link.Config{Delay: link.UniformDelay{Min: 45 * time.Microsecond,
			Max: 55 * time.Microsecond}},
		link.Config{Delay: link.FixedDelay(50 * time.Microsecond)},
	},
	{
		"lossy", "100 µs away, loses 1 % at random, NACKs too",
		link.Config{
			Delay: link.UniformDelay{Min: 90 * time.Microsecond, Max: 110 * time.Microsecond},
			Loss:  link.Bernoulli{P: 0.01},
		},
		link.Config{Delay: link.FixedDelay(100 * time.Microsecond),
			Loss: link.Bernoulli{P: 0.01}},
	},
	{
		"bursty", "2 to 3 ms away, loses 4 % in bursts of 12 datagrams on average",
		link.Config{
			Delay: link.UniformDelay{Min: 2 * time.Millisecond, Max: 3 * time.Millisecond},
			Loss:  link.GilbertElliott{GoodToBad: 0.0035, BadToGood: 1.0 / 12, LossBad: 1},
		},
		link.Config{Delay: link.FixedDelay(2 * time.Millisecond)},
	},
}

const (
	// write is the producer's time for a datagram, which makes messages of a burst wait.
	write = 5 * time.Microsecond
	// after is the time that is played after the death: sessions fall silent after 2 s.
	after = 4 * time.Second
)

// playSim plays the demo in virtual time, with the checker of the promise.
func playSim(_ context.Context, plan *stage.Script, out io.Writer) (*report, error) {
	w := world.New(world.Config{Seed: plan.Seed})
	check := checker.New(w)
	pub, err := w.AddPublisher(world.PublisherConfig{
		Name: "producer", Write: write, Sender: send.Config{Name: "market"},
	})
	if err != nil {
		return nil, err
	}
	r := &report{Burst: plan.Burst, IntoBurst: plan.Into, KilledAt: plan.End()}
	subs := make([]*simulated, len(simLinks))
	names := make([]string, len(simLinks))
	for i, l := range simLinks {
		s := &simulated{member: member{Name: l.name, Link: l.link}, pub: pub}
		s.node, err = w.AddSubscriber(world.SubscriberConfig{
			Name: l.name, Down: l.down, Up: l.up,
			Receiver: receive.Config{Name: l.name}, OnEvent: s.event,
		})
		if err != nil {
			return nil, err
		}
		subs[i], names[i] = s, l.name
		r.Subscribers = append(r.Subscribers, &s.member)
	}
	const start = reliable.Time(100 * time.Millisecond) // the subscribers have joined
	for _, m := range plan.Messages {
		w.At(start.Add(m.At), func() { pub.Publish(m.Payload) })
	}
	end := start.Add(plan.End())
	w.At(end, pub.Crash)

	fmt.Fprint(out, progressHead(names))
	for at := tick; ; at += tick {
		stop := at > plan.End()
		if stop {
			at = plan.End()
		}
		if err := w.Run(start.Add(at)); err != nil {
			return nil, err
		}
		have := make([]uint64, len(subs))
		for i, s := range subs {
			have[i] = s.Delivered
		}
		fmt.Fprint(out, progressLine(at, pub.Session().NextOffset(), have))
		if stop {
			break
		}
	}
	if err := w.Run(end.Add(after)); err != nil {
		return nil, err
	}
	if err := check.Finish(end); err != nil {
		return nil, err
	}
	truth := pub.Session()
	r.Accepted, r.Sent, r.Checked = truth.NextOffset(), truth.SentOffset(), true
	st := pub.Stats()
	r.Frames, r.Repairs = st.Frames, st.Repairs
	for _, s := range subs {
		s.finish(r.Accepted, r.Sent)
	}
	return r, nil
}

// simulated is a simulated subscriber with its counters.
type simulated struct {
	member
	pub               *world.Publisher
	node              *world.Subscriber
	latency, recovery hist.Histogram
}

func (s *simulated) event(now reliable.Time, ev *reliable.Event) {
	switch ev.Kind {
	case reliable.Message:
		truth := s.pub.Session()
		if !bytes.Equal(truth.Payload(ev.Offset), ev.Payload) {
			panic("the checker overlooked a message that differs")
		}
		s.Delivered++
		s.latency.Record(now.Sub(truth.AcceptedAt(ev.Offset)))
		if ev.Recovered {
			s.recovery.Record(ev.Recovery)
		}
	case reliable.Loss:
		s.Losses = append(s.Losses, sub.LossSummary{From: ev.Lost.From, To: ev.Lost.To,
			Cause: ev.Cause.String()})
	}
}

func (s *simulated) finish(accepted, sent uint64) {
	if s.Losses == nil {
		s.Losses = []sub.LossSummary{}
	}
	for _, st := range s.node.Sessions() {
		s.Recovered, s.Lost, s.NextOffset = st.Recovered, st.Lost, st.NextOffset
		s.Duplicates, s.Nacks, s.End = st.Duplicates, st.Nacks, st.End.String()
	}
	s.Latency, s.Recovery = s.latency.Quantiles(), s.recovery.Quantiles()
	s.account(accepted, sent)
}
