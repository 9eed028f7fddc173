package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crier/reliable/receive"
	"crier/reliable/topic"
)

// Partitions are those of a topic that are wanted, such as 3,7-9; none means all.
type Partitions []uint32

// UnmarshalText reads a list of numbers and ranges.
func (p *Partitions) UnmarshalText(b []byte) error {
	var list Partitions
	for part := range strings.SplitSeq(string(b), ",") {
		from, to, many := strings.Cut(strings.TrimSpace(part), "-")
		if !many {
			to = from
		}
		first, err := strconv.ParseUint(from, 10, 16)
		last, err2 := strconv.ParseUint(to, 10, 16)
		if err != nil || err2 != nil || first > last || last >= topic.MaxPartitions {
			return fmt.Errorf("%q are no partitions: list numbers from 0 to %d, such as 3,7-9", b,
				topic.MaxPartitions-1)
		}
		for n := first; n <= last; n++ {
			if slices.Contains(list, uint32(n)) {
				return fmt.Errorf("partition %d is listed twice", n)
			}
			list = append(list, uint32(n))
		}
	}
	*p = list
	return nil
}

// MarshalText writes the numbers so that UnmarshalText reads them.
func (p Partitions) MarshalText() ([]byte, error) {
	var b []byte
	for i, n := range p {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return b, nil
}

// IsZero reports whether all are wanted.
func (p Partitions) IsZero() bool { return len(p) == 0 }

// topics returns the topics that a process follows: one, or none.
func topics(name string, partitions Partitions) []receive.Topic {
	if name == "" {
		return nil
	}
	return []receive.Topic{{Name: name, Partitions: partitions}}
}
