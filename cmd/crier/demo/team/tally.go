package team

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"crier/cmd/crier/events"
)

// report is the result of the demo.
type report struct {
	Seed  uint64 `json:"seed"`
	Share string `json:"share"` // partition or message
	// Lease is for how long a worker holds what it was granted.
	Lease     time.Duration `json:"lease_ns"`
	Published int           `json:"published"` // orders
	Done      int           `json:"done"`      // orders that at least one worker did
	// Marked counts what was done with an attempt above 1, or as an orphan.
	Marked int `json:"marked"`
	// Twice counts orders that were done more than once.
	Twice int `json:"twice"`
	// UnmarkedTwice counts orders that were done more than once without a mark: 0.
	UnmarkedTwice int  `json:"unmarked_twice"`
	Missing       int  `json:"missing"` // orders that nobody did
	Lost          int  `json:"lost"`    // orders that a worker named lost
	Ordered       bool `json:"ordered"` // each customer's orders came in order, in each tenure
	// KilledAt is when a worker was killed, after the publisher's start.
	KilledAt time.Duration `json:"killed_at_ns"`
	// PausedAt is when a worker was paused, after the publisher's start, or 0 where none can be.
	PausedAt time.Duration `json:"paused_at_ns"`
	// WokenAt is when that one went on.
	WokenAt time.Duration `json:"woken_at_ns"`
	// Took is until all was done, after the publisher's start.
	Took time.Duration `json:"took_ns"`
	// Workers are the members of the team.
	Workers []*worked `json:"workers"`
}

// kept reports whether all that is promised was kept.
func (r *report) kept() bool {
	return r.Missing == 0 && r.UnmarkedTwice == 0 && r.Lost == 0 && r.Ordered
}

// worked is a worker's part of a report.
type worked struct {
	Name string `json:"name"`
	Fate string `json:"fate,omitempty"` // slow, killed or paused; absent for the others
	Done int    `json:"done"`           // orders
	// Marked is how many of them were marked.
	Marked int `json:"marked"`
	// Again is how many of them another worker had done, too.
	Again int `json:"again"`
	// Lapsed counts leases that ran out, of a partition each.
	Lapsed int `json:"lapsed"`

	// at is the offset that was last done, by partition and epoch.
	at map[tenure]uint64
}

// tenure is a grant of a partition.
type tenure struct {
	partition uint32
	epoch     uint64
}

// did is that a worker did an order.
type did struct {
	worker int
	marked bool
}

// cell is a place in the picture: what was done in a column within a slot.
type cell struct {
	count, worker int
	marked        bool
}

// tally counts what the workers print.
type tally struct {
	plan *script

	mu     sync.Mutex
	began  time.Time
	done   [][]did // by order
	count  int     // orders that are done
	lost   int
	mixed  bool      // an order came before one that precedes it
	last   time.Time // when the last one was
	err    error     // a message that wasn't published
	slots  [][]cell
	worked []*worked
}

func newTally(plan *script) *tally {
	y := &tally{plan: plan, done: make([][]did, len(plan.orders))}
	for _, name := range names {
		y.worked = append(y.worked, &worked{Name: name, at: make(map[tenure]uint64)})
	}
	y.worked[plan.slow].Fate = "slow"
	y.worked[plan.killed].Fate = "killed"
	y.worked[plan.paused].Fate = "paused"
	return y
}

// begin begins the time of the picture.
func (y *tally) begin(at time.Time) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.began = at
}

// take takes an event of a worker.
func (y *tally) take(w int, ev *events.Line, now time.Time) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	me := y.worked[w]
	switch ev.Type {
	case "loss":
		y.lost += int(*ev.To - *ev.From)
		return nil
	case "revoked":
		if ev.Reason == "lapsed" {
			me.Lapsed++
		}
		return nil
	case "message":
	default:
		return nil
	}
	var m struct {
		Order    int
		Customer string
	}
	if err := json.Unmarshal([]byte(*ev.Text), &m); err != nil || m.Order < 0 ||
		m.Order >= len(y.done) || y.plan.orders[m.Order].customer != m.Customer {
		y.err = fmt.Errorf("worker %s: %s isn't what was published", me.Name, *ev.Text)
		return y.err
	}
	marked := ev.Attempt > 1 || ev.Orphan
	if y.plan.byPartition() {
		t := tenure{ev.Partition, ev.Epoch}
		if last, ok := me.at[t]; ok && *ev.Offset <= last {
			y.mixed = true
		}
		me.at[t] = *ev.Offset
	}
	if len(y.done[m.Order]) == 0 {
		y.count, y.last = y.count+1, now
	}
	y.done[m.Order] = append(y.done[m.Order], did{w, marked})
	me.Done++
	if marked {
		me.Marked++
	}
	if !y.began.IsZero() {
		y.draw(w, ev.Partition, marked, now.Sub(y.began))
	}
	return nil
}

// draw draws an order that is done.
func (y *tally) draw(w int, partition uint32, marked bool, at time.Duration) {
	slot, column := int(at/y.plan.slot), w
	if y.plan.byPartition() {
		column = int(partition)
	}
	for len(y.slots) <= slot {
		y.slots = append(y.slots, make([]cell, len(names)))
	}
	if column < len(names) {
		c := &y.slots[slot][column]
		c.count, c.worker, c.marked = c.count+1, w, c.marked || marked
	}
}

// failure returns what a worker printed wrongly, or nil.
func (y *tally) failure() error {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.err
}

// doneFor returns for how long all orders have been done, or 0.
func (y *tally) doneFor(now time.Time) time.Duration {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.count < len(y.done) {
		return 0
	}
	return now.Sub(y.last)
}

// slot returns the cells of a slot, and how many orders are done.
func (y *tally) slot(i int) (cells []cell, done int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	cells = make([]cell, len(names))
	if i < len(y.slots) {
		copy(cells, y.slots[i])
	}
	return cells, y.count
}

// report adds up what was done of those orders that were published.
func (y *tally) report() *report {
	y.mu.Lock()
	defer y.mu.Unlock()
	p := y.plan
	r := &report{Seed: p.Seed, Share: p.Share.String(), Lease: p.lease, Published: len(y.done),
		Done: y.count, Missing: len(y.done) - y.count, Lost: y.lost, Ordered: !y.mixed,
		Workers: y.worked}
	for _, list := range y.done {
		unmarked := 0
		for _, d := range list {
			if d.marked {
				r.Marked++
			} else {
				unmarked++
			}
		}
		if len(list) > 1 {
			r.Twice++
			for _, d := range list {
				y.worked[d.worker].Again++
			}
		}
		if unmarked > 1 {
			r.UnmarkedTwice++
		}
	}
	return r
}
