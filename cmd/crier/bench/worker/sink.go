package worker

import (
	"encoding/binary"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
)

// sink counts the messages that one process receives. It is used by one
// goroutine at a time.
type sink struct {
	flows   []flow   // by publisher and partition
	origins []origin // by publisher
	stride  uint64   // messages between two looks at the clock; a power of two
	total   uint64

	firstAt, lastAt time.Time // of the first message, and of the latest one that was timed
	lastCount       uint64    // messages up to lastAt

	disorder, recovered, lost uint64

	latency, repaired, recovery, found, kernel hist.Histogram
}

// flow counts the messages of a partition.
type flow struct {
	next uint64 // the number that is expected: those before it came, or were given up
	of   *origin
}

// origin counts those of all partitions of a publisher.
type origin struct {
	done    uint64 // messages that came, or were given up
	told    uint64 // as the publisher knows
	counter job.Counter
	counted bool
}

// maxStride bounds how stale progress may be, in messages.
const maxStride = 64

func newSink(t *job.Task, p *job.Progress) *sink {
	partitions := t.Shape.Channels()
	s := &sink{flows: make([]flow, len(t.Sessions)*partitions),
		origins: make([]origin, len(t.Sessions)), stride: maxStride}
	for i := range s.flows {
		s.flows[i].of = &s.origins[i/partitions]
	}
	for s.stride > 1 && (t.Rate > 0 || s.stride*uint64(t.Size) > 16<<10) {
		s.stride /= 2
	}
	if p != nil {
		for i := range s.origins {
			s.origins[i].counter, s.origins[i].counted = p.Counter(i, t.Index), true
		}
	}
	return s
}

// message counts a message. It reports whether it carries a due time, and which.
func (s *sink) message(f *flow, number uint64, payload []byte) (due int64) {
	if number != f.next {
		s.disorder++
	}
	f.pass(number + 1)
	s.total++
	if o := f.of; o.counted && o.done-o.told >= s.stride {
		o.tell()
	}
	if s.total&(s.stride-1) == 0 || s.total == 1 {
		s.lastAt, s.lastCount = time.Now(), s.total
		if s.total == 1 {
			s.firstAt = s.lastAt
		}
	}
	if len(payload) < job.StampSize {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(payload))
}

// passed counts messages that will not come, so that they hold no publisher back.
func (s *sink) passed(f *flow, from, to uint64) {
	s.lost += to - from
	f.pass(to)
	f.of.tell()
}

// pass goes on to a number.
func (f *flow) pass(to uint64) {
	f.of.done += to - f.next // less than 0 for a message that came twice
	f.next = to
}

// tell has the publisher know how far this process is.
func (o *origin) tell() {
	if o.counted {
		o.told = o.done
		o.counter.Set(o.done)
	}
}

// rate is in messages a second.
func (s *sink) rate() float64 {
	took := s.lastAt.Sub(s.firstAt).Seconds()
	if took <= 0 {
		return 0
	}
	return float64(s.lastCount-1) / took
}

// into adds the counts to a result; counts are the messages that were sent, by publisher.
func (s *sink) into(r *job.Result, counts []uint64) {
	r.Messages, r.Rate = s.total, s.rate()
	r.Disorder, r.Recovered, r.Lost = s.disorder, s.recovered, s.lost
	r.Missing = missing(counts, s.total)
	r.Latency, r.Repaired, r.Recovery, r.Found, r.Kernel = &s.latency, &s.repaired, &s.recovery,
		&s.found, &s.kernel
}

// missing returns how many of the messages that were sent did not come.
func missing(counts []uint64, got uint64) uint64 {
	var sent uint64
	for _, n := range counts {
		sent += n
	}
	return sent - min(sent, got)
}
