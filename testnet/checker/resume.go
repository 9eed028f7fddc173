package checker

import (
	"slices"

	"crier/reliable"
	"crier/testnet/world"
)

// consumer is what the application of a subscriber was done with, over all lives of its process.
// The promise: over the offsets of a session from the first that it was told of, each is
// acknowledged, or named lost in a life, and a life begins where the position that was saved for
// the session is; so what is told twice was told after that was saved.
type consumer struct {
	c       *Checker
	sub     *world.Subscriber
	streams []*consumed
}

// consumed is one session of it.
type consumed struct {
	s           *world.Session
	known       bool
	begin, next uint64 // what was told lies in [begin, next)
	life        int    // in which it was told last
	done        uint64 // in that life, all below are acknowledged
	acked, lost bitset // by offset, from the session's first on
}

// consumer returns what is known of a subscriber that saves its positions; nil of another.
func (c *Checker) consumer(sub *world.Subscriber) *consumer {
	if sub.Config().SaveAfter == 0 {
		return nil
	}
	for _, one := range c.consumers {
		if one.sub == sub {
			return one
		}
	}
	one := &consumer{c: c, sub: sub}
	c.consumers = append(c.consumers, one)
	return one
}

// stream returns what is known of a session.
func (k *consumer) stream(s *world.Session) *consumed {
	for _, one := range k.streams {
		if one.s == s {
			return one
		}
	}
	one := &consumed{s: s}
	k.streams = append(k.streams, one)
	return one
}

// told takes messages [from, to) that the application is told of, or that are lost.
func (k *consumer) told(s *world.Session, from, to uint64, lost bool) {
	one := k.stream(s)
	if life := k.sub.Lives(); one.life != life {
		if !k.saved(s) { // nothing of it was saved: it begins anew
			*one = consumed{s: s}
		}
		if one.known && from > one.next {
			k.c.fail("%v, session %v of %v: its life %d begins at offset %d, and what it was "+
				"told before ends at %d", k.sub, s.ID, s.Publisher, life, from, one.next)
		}
		one.life, one.done = life, from
	}
	if !one.known {
		one.known, one.begin = true, from
	}
	one.next = max(one.next, to)
	for o := from; lost && o < to; o++ {
		one.lost.set(o - s.FirstOffset)
	}
}

// saved reports whether this life began with a position in a session.
func (k *consumer) saved(s *world.Session) bool {
	return slices.ContainsFunc(k.sub.Config().Receiver.Positions,
		func(pos reliable.Position) bool {
			return pos.Session == s.ID && pos.Partition == s.Partition
		})
}

// acknowledged takes the word that the application is done with all before a position.
func (k *consumer) acknowledged(s *world.Session, pos reliable.Position) {
	one := k.stream(s)
	if pos.Offset > one.next || one.life != k.sub.Lives() {
		k.c.fail("%v, session %v of %v: offset %d is acknowledged, and it was told up to %d", k.sub,
			s.ID, s.Publisher, pos.Offset, one.next)
		return
	}
	for ; one.done < pos.Offset; one.done++ {
		if !one.lost.has(one.done - s.FirstOffset) {
			one.acked.set(one.done - s.FirstOffset)
		}
	}
}

// finish asks whether anything was left out of what the last life that was told of a session
// is done with.
func (k *consumer) finish() {
	for _, one := range k.streams {
		for o := one.begin; o < one.done; o++ {
			if i := o - one.s.FirstOffset; !one.acked.has(i) && !one.lost.has(i) {
				k.c.fail("%v, session %v of %v: offset %d of [%d, %d) was neither acknowledged "+
					"nor named lost in %d lives", k.sub, one.s.ID, one.s.Publisher, o, one.begin,
					one.done, k.sub.Lives())
				break
			}
		}
	}
}
