package sub

import (
	"fmt"
	"io"
	"math"
	"time"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// pursuit watches a subscriber that began in the past catch up with the stream, and predicts when
// it will have.
type pursuit struct {
	warm    bool     // the first sample was taken, and left out
	samples []sample // those of the last pursuitSpan, the oldest first
	begun   time.Time
	told    time.Time // when the last prediction was told
	// first is the first prediction, and due when it says that all is caught up.
	first prediction
	due   time.Time
	// hopeless counts samples in a row by which there is no end.
	hopeless int
	// over says that it has caught up, or that there was nothing to catch up with.
	over bool
	took time.Duration // from the first prediction
}

// sample is what a subscriber has counted at a time, in bytes. Those that it doesn't have are
// estimated by those that it has.
type sample struct {
	at                       time.Time
	behind, delivered, known float64
}

// prediction is how far a subscriber is behind, in bytes, and at which rates that changes, in bytes
// a second.
type prediction struct{ behind, served, live float64 }

const (
	pursuitEvery = time.Second
	// pursuitSpan is the time over which rates are measured, and leastSpan that of the first
	// prediction. What comes in the first interval is no measure: requests only begin.
	pursuitSpan = 5 * pursuitEvery
	leastSpan   = 2 * pursuitEvery
	// worthTelling is the shortest prediction that is told, and retell the time to the next.
	worthTelling = 2 * time.Second
	retell       = 30 * time.Second
	// hopelessAfter is how many samples in a row must show no end.
	hopelessAfter = 3
)

// sampleOf sums up what a subscriber has of its sessions.
func sampleOf(at time.Time, sessions []subscriber.Session) sample {
	one := sample{at: at}
	for i := range sessions {
		s := &sessions[i]
		if s.Delivered == 0 {
			continue
		}
		size := float64(s.DeliveredBytes) / float64(s.Delivered)
		one.delivered += float64(s.DeliveredBytes)
		one.known += size * float64(s.NextOffset)
		if s.End == subscriber.EndOpen {
			one.behind += size * float64(s.Lag)
		}
	}
	return one
}

// remaining returns how long it takes at these rates, and false if there is no end.
func (p prediction) remaining() (time.Duration, bool) {
	seconds := p.behind / (p.served - p.live)
	if p.served <= p.live || seconds > math.MaxInt64/2/float64(time.Second) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// String returns a prediction, as in "7.2 GiB behind, 128 MiB/s served, 40 MiB/s live: 84 s".
func (p prediction) String() string {
	text := fmt.Sprintf("%s behind, %s/s served, %s/s live: ", cli.Bytes(p.behind),
		cli.Bytes(p.served), cli.Bytes(p.live))
	if left, ends := p.remaining(); ends {
		return text + cli.Duration(left.Round(100*time.Millisecond))
	}
	return text + "it never catches up at this rate; raise crier record --serve-rate, or read faster"
}

// add takes a sample, and returns what there is to tell, or nothing.
func (p *pursuit) add(s sample) string {
	if p.over || s.delivered == 0 {
		return ""
	}
	if !p.warm {
		p.warm = true
		return ""
	}
	p.samples = append(p.samples, s)
	for s.at.Sub(p.samples[0].at) > pursuitSpan {
		p.samples = p.samples[1:]
	}
	from := p.samples[0]
	since := s.at.Sub(from.at).Seconds()
	if since < leastSpan.Seconds()*0.9 { // timers are late now and then
		return ""
	}
	now := prediction{s.behind, (s.delivered - from.delivered) / since,
		max(0, (s.known-from.known)/since)}
	left, ends := now.remaining()
	if now.behind <= max(now.served, now.live)*(pursuitEvery/2).Seconds() {
		return p.caughtUp(s.at)
	}
	if p.hopeless++; ends {
		p.hopeless = 0
	}
	switch {
	case !ends && p.hopeless < hopelessAfter, ends && p.told.IsZero() && left < worthTelling,
		!p.told.IsZero() && s.at.Sub(p.told) < retell:
		return ""
	}
	if p.told = s.at; ends && p.begun.IsZero() {
		p.begun, p.first, p.due = s.at, now, s.at.Add(left)
	}
	return now.String()
}

// caughtUp ends the pursuit.
func (p *pursuit) caughtUp(at time.Time) string {
	p.over = true
	if p.begun.IsZero() {
		return ""
	}
	p.took = at.Sub(p.begun)
	return fmt.Sprintf("caught up after %s; %s were predicted",
		cli.Duration(p.took.Round(100*time.Millisecond)),
		cli.Duration(p.due.Sub(p.begun).Round(100*time.Millisecond)))
}

// CatchUp is what a summary has of a subscriber that began in the past.
type CatchUp struct {
	// Behind is how far it was behind when the end was first predicted.
	Behind uint64 `json:"behind_bytes"`
	// Served is the rate at which messages were taken then.
	Served uint64 `json:"served_bytes_per_s"`
	// Live is the rate at which new messages were published then.
	Live uint64 `json:"live_bytes_per_s"`
	// Predicted is the time that it would take from then on.
	Predicted int64 `json:"predicted_ns"`
	// Took is the time that it took, or 0 if it didn't catch up.
	Took int64 `json:"took_ns"`
}

// summary returns what there was to catch up with, or nil.
func (p *pursuit) summary() *CatchUp {
	if p == nil || p.begun.IsZero() {
		return nil
	}
	return &CatchUp{uint64(p.first.behind), uint64(p.first.served), uint64(p.first.live),
		int64(p.due.Sub(p.begun)), int64(p.took)}
}

// pursue tells how a subscriber catches up until stop is called, if it begins in the past.
func (o *options) pursue(out io.Writer, sub *subscriber.Subscriber) (p *pursuit, stop func()) {
	if o.cfg.Start == subscriber.Latest {
		return nil, func() {}
	}
	p = &pursuit{}
	return p, cli.Each(pursuitEvery, func(now time.Time) {
		if words := p.add(sampleOf(now, sub.Sessions())); words != "" && !o.quiet {
			fmt.Fprintf(out, "crier sub: %s\n", words)
		}
	})
}
