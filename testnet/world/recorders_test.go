package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/record"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// Several recorders of one stream share the answering. One that dies, or lacks something, is
// replaced by the next.

// late plays a publisher that is gone, recorders of its stream, and subscribers that come after it
// and want all of it.
type late struct {
	*story.Story
	recorders []*world.Recorder
	subs      []*world.Subscriber
}

const (
	lateMessages = 2000
	lateJoin     = 6000 * story.Milli
)

// newLate adds so many recorders; those in lacking lose frames and don't ask for them.
func newLate(t *testing.T, seed uint64, recorders, subscribers int, lacking ...int) *late {
	t.Helper()
	l := &late{Story: story.New(t, seed)}
	for i := range recorders {
		cfg := world.RecorderConfig{
			Subscriber: world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.01}),
				Up: story.Near(nil)},
			Log:    journal.Config{Segment: 1 << 20},
			Record: record.Config{ServeRate: 4 << 20, Tail: 2 << 20},
		}
		for _, lacks := range lacking {
			if i == lacks {
				cfg.Subscriber.Down = story.Near(link.Bernoulli{P: 0.1})
				cfg.Subscriber.Receiver.Recovery.Off = true
			}
		}
		r, err := l.AddRecorder(cfg)
		if err != nil {
			t.Fatal(err)
		}
		l.recorders = append(l.recorders, r)
	}
	pub := story.AddPublisher(t, l.World, world.PublisherConfig{Sender: send.Config{
		Retention: send.Retention{ResendBuffer: story.Ring(500)}}})
	story.Every(l.World, 100*story.Milli, story.Milli/2, lateMessages,
		func(int) { pub.Publish(make([]byte, 1000)) })
	l.At(100*story.Milli+lateMessages*story.Milli/2+500*story.Milli, pub.Crash)
	for range subscribers {
		l.subs = append(l.subs, l.Listen(world.SubscriberConfig{
			Down: story.Near(link.Bernoulli{P: 0.01}), Up: story.Near(nil), At: lateJoin,
			Receiver: receive.Config{Start: reliable.Oldest,
				Logs: receive.Logs{Ask: true}},
		}))
	}
	return l
}

// repairs returns how many frames a recorder has repeated.
func repairs(r *world.Recorder) uint64 {
	return r.Machine().(*record.Recorder).Stats().Served.Repairs
}

// has checks that each subscriber was delivered all.
func (l *late) has(t *testing.T) {
	t.Helper()
	for _, sub := range l.subs {
		list := sub.Sessions()
		if len(list) != 1 || list[0].Delivered != lateMessages || list[0].Lost != 0 {
			t.Errorf("%v: %+v", sub, list)
		}
	}
}

func TestRecordersShareTheAnswering(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		l := newLate(t, seed, 3, 4)
		if err := l.Run(12_000 * story.Milli); err != nil {
			t.Fatal(err)
		}
		l.has(t)
		total := uint64(0)
		for _, r := range l.recorders {
			total += repairs(r)
		}
		for i, r := range l.recorders {
			if n := repairs(r); n < total/6 {
				t.Errorf("seed %d: recorder %d sent %d of %d repairs", seed, i, n, total)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// A recorder that dies amid serving is replaced, and what another lacks comes from the next: all of
// it is delivered, and three request timeouts later at most than from recorders that live and have
// all.
func TestTheNextRecorderAnswers(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		whole := time.Duration(0)
		for _, c := range []struct {
			name    string
			lacking []int
			dies    bool
		}{{"all live", nil, false}, {"one dies", nil, true}, {"one lacks", []int{0}, false},
			{"one lacks and another dies", []int{0}, true}} {
			l := newLate(t, seed, 3, 2, c.lacking...)
			took := time.Duration(0)
			story.Every(l.World, lateJoin, story.Milli, 5000, func(i int) {
				if took == 0 && l.done() {
					took = time.Duration(i) * time.Millisecond
				}
			})
			if c.dies {
				l.At(lateJoin.Add(300*time.Millisecond), func() {
					if l.done() {
						t.Errorf("seed %d, %s: all was delivered before", seed, c.name)
					}
					l.recorders[1].Crash()
				})
			}
			if err := l.Run(12_000 * story.Milli); err != nil {
				t.Fatal(err)
			}
			l.has(t)
			if whole == 0 {
				whole = took
			}
			t.Logf("seed %d, %s: %v", seed, c.name, took)
			if took == 0 || took > whole+3*requestTimeout {
				t.Errorf("seed %d, %s: it took %v, and %v where all live", seed, c.name, took, whole)
			}
		}
	}
}

// requestTimeout is a bound for the timeout of a request here: round trips are 4 ms, and answers
// wait for the rate of a recorder.
const requestTimeout = 200 * time.Millisecond

// done reports whether each subscriber was delivered all.
func (l *late) done() bool {
	for _, sub := range l.subs {
		if list := sub.Sessions(); len(list) != 1 || list[0].Delivered != lateMessages {
			return false
		}
	}
	return true
}
