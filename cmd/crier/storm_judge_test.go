package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/subscriber"
)

// stream is a partition of a session.
type strand struct {
	session   string
	partition uint32
}

// begun is the beginning of a message's work in a worker's life.
type begun struct {
	note
	by *diary
}

func (b *begun) unmarked() bool { return b.attempt == 1 && !b.orphan }

// hearing judges what the workers of a storm noted.
type hearing struct {
	diaries []*diary
	share   subscriber.Share
	// truth are the published messages by their checksums.
	truth map[place]uint64
	// owed says that each message must be done: the publisher lived.
	owed bool

	faults []string
	begins map[place][]begun
	ends   map[place]int64 // when it was first done
	gaps   []gap
	lost   map[place]bool
	tally  tally
}

// gap is what a worker passed over within a tenure, since others had done it.
type gap struct {
	at place
	to uint64
	b  begun
}

// tally is what a hearing counted.
type tally struct {
	messages, done int
	// marked are begins that are marked, of which orphans; twice are messages that were begun more
	// than once, and late begins of a message that another worker had begun under a newer epoch.
	marked, orphans, twice, late int
	lost                         int
}

const mostFaults = 20

func (h *hearing) faultf(format string, args ...any) {
	if len(h.faults) < mostFaults {
		h.faults = append(h.faults, fmt.Sprintf(format, args...))
	}
}

// judge returns what is wrong: nothing, as it should be.
func (h *hearing) judge() []string {
	h.begins, h.ends = make(map[place][]begun), make(map[place]int64)
	h.lost = make(map[place]bool)
	for _, d := range h.diaries {
		h.read(d)
	}
	if h.share == subscriber.ByPartition {
		h.epochs()
	}
	for _, g := range h.gaps {
		for p := g.at; p.offset < g.to; p.offset++ {
			if end, ok := h.ends[p]; !ok || end > g.b.at {
				h.faultf("%s began %v and passed over %v, which wasn't done", g.b.by.name, g.b.place, p)
			}
		}
	}
	h.tally.messages = len(h.truth)
	for p, want := range h.truth {
		h.message(p, want)
	}
	for p := range h.begins {
		if _, ok := h.truth[p]; !ok {
			h.faultf("%v was begun, and wasn't published", p)
		}
	}
	slices.Sort(h.faults)
	return h.faults
}

// read reads a life from its beginning to its end.
func (h *hearing) read(d *diary) {
	epochs := make(map[strand]uint64)
	next := make(map[strand]uint64)
	var at *note // what is in work
	for i := range d.notes {
		n := &d.notes[i]
		s := strand{n.session, n.partition}
		switch n.kind {
		case "begin":
			if at != nil {
				h.faultf("%s began %v in the middle of %v", d.name, n.place, at.place)
			}
			at = n
			h.begins[n.place] = append(h.begins[n.place], begun{*n, d})
			if n.attempt == 0 || n.epoch == 0 {
				h.faultf("%s began %v as attempt %d under epoch %d", d.name, n.place, n.attempt,
					n.epoch)
			}
			if h.share != subscriber.ByPartition {
				continue
			}
			switch {
			case n.epoch < epochs[s]:
				h.faultf("%s began %v under epoch %d after epoch %d", d.name, n.place, n.epoch,
					epochs[s])
			case n.epoch == epochs[s] && n.offset < next[s]:
				h.faultf("%s began %v where %d is due under epoch %d", d.name, n.place, next[s],
					n.epoch)
			case n.epoch == epochs[s] && n.offset > next[s]:
				h.gaps = append(h.gaps, gap{place{s.session, s.partition, next[s]}, n.offset,
					begun{*n, d}})
			}
			epochs[s], next[s] = n.epoch, n.offset+1
		case "end":
			if at == nil || at.place != n.place {
				h.faultf("%s ended %v, which it hadn't begun", d.name, n.place)
			}
			at = nil
			if first, ok := h.ends[n.place]; !ok || n.at < first {
				h.ends[n.place] = n.at
			}
		case "loss":
			for o := n.offset; o < n.offset+n.more; o++ {
				h.lost[place{n.session, n.partition, o}] = true
			}
			if n.epoch == epochs[s] && n.offset == next[s] {
				next[s] = n.offset + n.more
			}
		}
	}
}

// epochs holds that an epoch of a partition belongs to one life, and that who has lost it begins no
// more than the message that it had in hand.
func (h *hearing) epochs() {
	type tenure struct {
		by          *diary
		first, last int64
		begins      []begun
	}
	all := make(map[strand]map[uint64]*tenure)
	for p, list := range h.begins {
		s := strand{p.session, p.partition}
		if all[s] == nil {
			all[s] = make(map[uint64]*tenure)
		}
		for _, b := range list {
			t := all[s][b.epoch]
			if t == nil {
				t = &tenure{by: b.by, first: b.at}
				all[s][b.epoch] = t
			}
			if t.by != b.by {
				h.faultf("%s and %s both have epoch %d of %v", t.by.name, b.by.name, b.epoch, s)
			}
			t.first, t.last = min(t.first, b.at), max(t.last, b.at)
			t.begins = append(t.begins, b)
		}
	}
	for s, epochs := range all {
		var order []uint64
		for e := range epochs {
			order = append(order, e)
		}
		slices.Sort(order)
		since := int64(1<<63 - 1) // the first begin of a newer epoch
		for _, e := range slices.Backward(order) {
			t := epochs[e]
			late := 0
			for _, b := range t.begins {
				if b.at > since && !b.orphan {
					late++
				}
			}
			if h.tally.late += late; late > 1 {
				h.faultf("%s began %d messages of %v under epoch %d after a newer one", t.by.name, late,
					s, e)
			}
			since = min(since, t.first)
		}
	}
}

// message judges what became of a message.
func (h *hearing) message(p place, want uint64) {
	list := h.begins[p]
	slices.SortFunc(list, func(a, b begun) int { return cmp.Compare(a.epoch, b.epoch) })
	unmarked := 0
	for i, b := range list {
		if b.more != want {
			h.faultf("%s has another %v than was published", b.by.name, p)
		}
		if b.unmarked() {
			unmarked++
		} else if h.tally.marked++; b.orphan {
			h.tally.orphans++
		}
		if i > 0 && b.attempt <= list[i-1].attempt && !b.orphan && !list[i-1].orphan {
			h.faultf("%v is attempt %d for %s under epoch %d, and %d for %s under epoch %d", p,
				list[i-1].attempt, list[i-1].by.name, list[i-1].epoch, b.attempt, b.by.name, b.epoch)
		}
	}
	if unmarked > 1 {
		var who []string
		for _, b := range list {
			if b.unmarked() {
				who = append(who, fmt.Sprintf("%s at %s under epoch %d", b.by.name,
					time.Unix(0, b.at).Format("05.000"), b.epoch))
			}
		}
		h.faultf("%v was begun %d times unmarked: by %s", p, unmarked, strings.Join(who, ", "))
	}
	if len(list) > 1 {
		h.tally.twice++
	}
	switch {
	case h.ends[p] != 0:
		h.tally.done++
	case h.lost[p]:
		h.tally.lost++
		if h.owed {
			h.faultf("%v is lost", p)
		}
	case h.owed:
		h.faultf("%v isn't done, and was begun %d times", p, len(list))
	}
}

// killed is a kill -9.
type killed struct {
	at int64
	by string // the name of its log
}

// takeovers returns the times from kills to the first hand-outs elsewhere of what was there at the
// kill, for each partition that the dead worker had.
func takeovers(list []*diary, kills []killed, lease time.Duration) (times []time.Duration) {
	for _, k := range kills {
		had := make(map[strand]uint64)
		for _, d := range list {
			if d.name != k.by {
				continue
			}
			for _, n := range d.notes {
				switch s := (strand{n.session, n.partition}); n.kind {
				case "assigned":
					had[s] = n.epoch
				case "revoked":
					delete(had, s)
				}
			}
		}
		for s, epoch := range had {
			var first *note
			for _, d := range list {
				for i := range d.notes {
					n := &d.notes[i]
					if n.kind == "begin" && (strand{n.session, n.partition}) == s && n.epoch > epoch &&
						n.at > k.at && (first == nil || n.at < first.at) {
						first = n
					}
				}
			}
			if first != nil && first.sent != 0 && first.sent < k.at+int64(lease/2) {
				times = append(times, time.Duration(first.at-k.at))
			}
		}
	}
	slices.Sort(times)
	return times
}

// The judge finds what a worker may not do.
func TestStormJudge(t *testing.T) {
	t.Parallel()
	at := func(kind string, at int64, offset, epoch uint64, attempt uint32) note {
		return note{kind: kind, at: at, place: place{"s", 0, offset}, epoch: epoch, attempt: attempt,
			more: 7 + offset}
	}
	fair := func() (a, b []note) {
		return []note{at("begin", 1, 0, 5, 1), at("end", 2, 0, 5, 1), at("begin", 3, 1, 5, 1)},
			[]note{at("begin", 9, 1, 6, 2), at("end", 10, 1, 6, 2), at("begin", 11, 2, 6, 1),
				at("end", 12, 2, 6, 1)}
	}
	for _, c := range []struct {
		name string
		want string // empty: nothing is found
		do   func(a, b *[]note)
	}{
		{"fair", "", func(a, b *[]note) {}},
		{"one late by what it had in hand", "", func(a, b *[]note) { (*a)[2].at = 10 }},
		{"unmarked", "unmarked", func(a, b *[]note) { (*b)[0].attempt = 1 }},
		{"undone", "isn't done", func(a, b *[]note) { *b = (*b)[:3] }},
		{"out of order", "is due", func(a, b *[]note) {
			(*b)[0], (*b)[1], (*b)[2], (*b)[3] = (*b)[2], (*b)[3], (*b)[0], (*b)[1]
		}},
		{"passed over", "passed over", func(a, b *[]note) {
			*a = append((*a)[:2], at("begin", 3, 2, 5, 1))
			*b = (*b)[:2]
		}},
		{"one epoch twice", "both have epoch", func(a, b *[]note) {
			for i := range *b {
				(*b)[i].epoch = 5
			}
		}},
		{"an epoch that falls", "after epoch", func(a, b *[]note) { (*a)[2].epoch = 4 }},
		{"who goes on", "after a newer one", func(a, b *[]note) {
			for i := range *b {
				(*b)[i].at -= 9
			}
		}},
		{"another message", "another", func(a, b *[]note) { (*a)[0].more++ }},
		{"two at once", "in the middle", func(a, b *[]note) { *a = slices.Delete(*a, 1, 2) }},
		{"never published", "wasn't published", func(a, b *[]note) {
			*b = append(*b, at("begin", 13, 3, 6, 1))
		}},
	} {
		a, b := fair()
		c.do(&a, &b)
		h := &hearing{diaries: []*diary{{"a", a}, {"b", b}}, share: subscriber.ByPartition, owed: true,
			truth: map[place]uint64{{"s", 0, 0}: 7, {"s", 0, 1}: 8, {"s", 0, 2}: 9}}
		got := strings.Join(h.judge(), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: found %q, want %q", c.name, got, c.want)
		}
	}
}
