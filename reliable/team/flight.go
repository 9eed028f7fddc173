package team

import "sort"

// A flight has the messages in flight of a channel, ascending by offset.
type flight struct {
	// list has no message before head that is in flight, and live of those that are.
	list       []place
	head, live int
}

// A place is one of a message in a flight: item is 0 once it isn't in flight any more.
type place struct {
	offset uint64
	item   int32
}

// push adds a message, which is behind all others.
func (f *flight) push(offset uint64, item int32) {
	if len(f.list) == cap(f.list) && f.live <= len(f.list)/2 {
		kept := f.list[:0]
		for _, one := range f.list[f.head:] {
			if one.item != 0 {
				kept = append(kept, one)
			}
		}
		f.list, f.head = kept, 0
	}
	f.list = append(f.list, place{offset, item})
	f.live++
}

// drop takes a message out.
func (f *flight) drop(offset uint64) {
	f.list[f.find(offset)].item = 0
	if f.live--; f.live == 0 {
		f.list, f.head = f.list[:0], 0
		return
	}
	for f.list[f.head].item == 0 {
		f.head++
	}
}

// first returns the first message, or 0.
func (f *flight) first() int32 {
	if f.live == 0 {
		return 0
	}
	return f.list[f.head].item
}

// find returns the place of the first message from an offset on.
func (f *flight) find(offset uint64) int {
	rest := f.list[f.head:]
	return f.head + sort.Search(len(rest), func(i int) bool { return rest[i].offset >= offset })
}

// at returns what is at a place, 0 for nothing, and false if that is behind an offset.
func (f *flight) at(k int, to uint64) (item int32, ok bool) {
	if k >= len(f.list) || f.list[k].offset >= to {
		return 0, false
	}
	return f.list[k].item, true
}
