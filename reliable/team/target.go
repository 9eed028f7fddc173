package team

import (
	"cmp"
	"math/bits"
	"slices"

	"crier/reliable/mix"
	"crier/reliable/topic"
)

const (
	// maxOwners bounds the members of a team that shares by partition.
	maxOwners = 256
	// maxWeight bounds a member's weight.
	maxWeight = 1000
)

// A candidate is a member that partitions may go to.
type candidate struct {
	name   string
	weight uint32
	member *member
	// hash is that of the name, quota the number of partitions that are its own in any case, and
	// has that of those that it has been given. odd says that one more is due to it in part.
	hash, quota, has uint64
	odd              bool
}

// scores are memory for target.
type scores []uint64

// target gives each partition to one of the candidates, by the index in the list, which it
// sorts by name. Each gets its part of them by weight, rounded down or up. Which ones follows
// from the names and weights alone: all pairs of a partition and a name have a score, and get
// each other from the highest score down. So all publishers of a topic come to the same answer,
// also after a restart, and few partitions move when a member comes or goes. There are at most 256
// candidates and partitions.
func (s *scores) target(of []int, list []candidate) []int {
	of = of[:cap(of)]
	for i := range of {
		of[i] = -1
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Compare(a.name, b.name) })
	sum, rest := uint64(0), uint64(len(of))
	for i := range list {
		sum += uint64(list[i].weight)
	}
	for i := range list {
		c := &list[i]
		part := uint64(len(of)) * uint64(c.weight)
		c.hash, c.quota, c.has, c.odd = topic.Hash([]byte(c.name)), part/sum, 0, part%sum > 0
		rest -= c.quota
	}
	// The lowest 16 bits of a score have the pair.
	scores := (*s)[:0]
	for i := range list {
		for p := range of {
			score := mix.Uint64(list[i].hash ^ bits.Reverse64(uint64(p)+1))
			scores = append(scores, score&^0xffff|uint64(i)<<8|uint64(p))
		}
	}
	*s = scores
	slices.Sort(scores)
	for n := len(scores) - 1; n >= 0; n-- {
		score := scores[n]
		c, p := &list[score>>8&0xff], score&0xff
		switch {
		case of[p] >= 0:
			continue
		case c.has < c.quota:
		case c.has == c.quota && c.odd && rest > 0:
			rest--
		default:
			continue
		}
		c.has++
		of[p] = int(score >> 8 & 0xff)
	}
	return of
}
