package store

import (
	"sort"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

// Config configures a Buffer.
type Config struct {
	// Bytes bounds the frames in memory, in bytes.
	Bytes int
	// Stride is the size of a full frame, in bytes.
	Stride int
	// First is the sequence number of the first frame.
	First uint64
	// Disk bounds the frames on disk that must be kept, in bytes with the heads of blocks.
	// 0 means that there is no disk part; for a log, that it is unbounded.
	Disk int64
	// Key names the frames on disk.
	Key journal.Key
	// Title, if not nil, makes the disk part a log that outlives the process: all frames
	// are written. Wait says that they stay in memory until they are, and Sync how often the
	// log is synced; 0 leaves that to its journal.
	Title *reliable.Title
	Wait  bool
	Sync  time.Duration
	// Offset is the offset of the first message.
	Offset uint64
	// Memory, if not zero, is the memory for the frames and their index. Size returns its
	// lengths.
	Memory Memory
}

// None is above all frames: as a bound, it means that no frame is needed.
const None = ^uint64(0)

// A Buffer is a publisher's Store: a ring in memory, and a disk for the frames that the
// ring has no room to keep.
type Buffer struct {
	ring ring
	disk disk

	// next is the frame that is open, or is opened next.
	next uint64
	// opened says that a frame is open.
	opened bool
	// end is the offset after the last frame, if none is open.
	end uint64
	// Frames below sent are with the kernel.
	sent uint64
	// Frames from needed on must be kept.
	needed uint64
	// Frames from pinned on must stay in the ring: they are needed, and not on disk.
	pinned uint64

	// written and read count frames, and errors the jobs that failed.
	written, read, errors uint64
}

// New returns a Buffer that holds nothing.
func New(cfg Config) *Buffer {
	b := &Buffer{
		ring: newRing(cfg.Memory, cfg.Bytes, cfg.Stride, cfg.First),
		next: cfg.First, sent: cfg.First, end: cfg.Offset, needed: None, pinned: None,
	}
	b.disk = newDisk(&cfg)
	b.repin()
	return b
}

// Memory returns the memory of the frames, for advice to the system about it. The caller
// must neither read nor write it.
func (b *Buffer) Memory() []byte { return b.ring.buf }

// Used returns how much of Memory, from its start, may have been written to, in bytes.
func (b *Buffer) Used() int { return b.ring.top }

// Marks returns the number of requested frames that are told apart.
func (b *Buffer) Marks() uint64 {
	n := min(uint64(len(b.ring.index)), max(b.ring.slots+1, leastMarks))
	return n + min(uint64(b.disk.limit)/uint64(b.ring.stride), leastMarks)
}

// Slots returns the number of full frames that fit in memory in any case.
func (b *Buffer) Slots() uint64 { return b.ring.slots }

// Stride returns the size of a full frame, in bytes.
func (b *Buffer) Stride() int { return b.ring.stride }

// Most returns the largest number of frames in one batch.
func (b *Buffer) Most() uint64 { return b.ring.most }

// Next returns the number of the frame that is open, or is opened next.
func (b *Buffer) Next() uint64 { return b.next }

// Sent returns the first frame that is not sent yet.
func (b *Buffer) Sent() uint64 { return b.sent }

// Pass says that n more frames were sent.
func (b *Buffer) Pass(n uint64) { b.sent += n }

// Open returns room for a full frame, with the number after the last sealed one. Its
// first chunk belongs to the message at offset, which began in an earlier frame if goesOn
// is set.
func (b *Buffer) Open(offset uint64, goesOn bool) []byte {
	b.opened = true
	return b.ring.open(b.next, offset, goesOn)
}

// Seal closes the open frame, which has size bytes. end is the offset after it.
func (b *Buffer) Seal(size int, end uint64) {
	b.ring.seal(b.next, size)
	b.opened, b.end = false, end
	b.next++
}

// Oldest returns the lowest frame that is held, in memory or on disk.
func (b *Buffer) Oldest() uint64 {
	if from, ok := b.disk.from(); ok {
		return min(b.ring.oldest, from)
	}
	return b.ring.oldest
}

// Whole returns the lowest frame from which on all are held.
func (b *Buffer) Whole() uint64 {
	oldest := b.Oldest()
	if oldest < b.ring.oldest && b.disk.record != nil {
		return max(oldest, b.disk.record.whole(b.ring.oldest))
	}
	return oldest
}

// OnDisk returns the frames that are on disk.
func (b *Buffer) OnDisk() nack.Range {
	from, _ := b.disk.from()
	return nack.Range{From: from, To: from + b.disk.index.held()}
}

// InMemory returns the lowest frame that the ring holds.
func (b *Buffer) InMemory() uint64 { return b.ring.oldest }

// Held returns the frames that can be repeated: sent, and in memory or on disk.
func (b *Buffer) Held() nack.Range { return nack.Range{From: b.Oldest(), To: b.sent} }

// Look returns where a frame is.
func (b *Buffer) Look(seq uint64) State {
	switch {
	case b.Frame(seq) != nil:
		return InMemory
	case b.Held().Contains(seq) && !b.disk.lacks(seq):
		return Stored
	}
	return Absent
}

// Frame returns a sealed frame that is in memory, or nil.
func (b *Buffer) Frame(seq uint64) []byte {
	if seq >= b.ring.oldest && seq < b.next {
		return b.ring.frame(seq)
	}
	return b.disk.read.frame(seq)
}

// Offset returns the offset of the message that the first chunk of a frame in memory
// belongs to.
func (b *Buffer) Offset(seq uint64) uint64 { return b.ring.of(seq).offset }

// Start returns the offset of the first message that starts in a frame or after it; the
// frame may be the next.
func (b *Buffer) Start(seq uint64) uint64 {
	switch {
	case seq < b.ring.oldest: // the first on disk, or what is asked about holds no more
		return b.disk.index.offset(seq)
	case seq < b.next || b.opened:
		return b.ring.of(seq).start()
	}
	return b.end
}

// End returns one past the last frame with a part of the message at offset, which was
// accepted. If that frame is not in memory any more, End returns the oldest that is.
func (b *Buffer) End(offset uint64) uint64 {
	from, to := b.ring.oldest, b.next
	if b.opened {
		to++
	}
	return from + uint64(sort.Search(int(to-from), func(i int) bool {
		return b.ring.of(from+uint64(i)).offset > offset
	}))
}

// Near is like Start for any frame, but approximate for frames that are not in memory.
func (b *Buffer) Near(seq uint64) uint64 {
	switch from, ok := b.disk.from(); {
	case seq >= b.ring.oldest:
		return b.Start(min(seq, b.next))
	case ok && seq >= from:
		return b.disk.index.offset(seq)
	default: // it is at the oldest that it can get
		return b.Start(b.Oldest())
	}
}

// Fits reports whether so many more frames have room without overwriting frames that were
// not sent yet or are needed. The open frame counts as one more: it may be too full to
// start a message in.
func (b *Buffer) Fits(frames uint64) bool {
	return b.ring.fits(frames+1, min(b.sent, b.pinned), b.next)
}

// FitsOpen is like Fits, but counts the open frame among the frames.
func (b *Buffer) FitsOpen(frames uint64) bool {
	return b.ring.fits(frames, min(b.sent, b.pinned), b.next)
}

// FitsBehind reports whether so many more frames would have room if only the frames from
// needed on were needed.
func (b *Buffer) FitsBehind(needed, frames uint64) bool {
	return b.ring.fits(frames+1, min(b.disk.pin(needed), b.next), b.next)
}

// Run returns frames to be sent, as one batch of at most so many bytes, or a single
// frame. All frames have one size, but the last one may be shorter.
func (b *Buffer) Run(most int) (data []byte, segment int, frames uint64) {
	return b.ring.run(b.sent, b.next, most)
}

// Trim says that frames below needed are not needed. A later call may lower the bound,
// for frames that are still held.
func (b *Buffer) Trim(needed uint64) {
	b.needed = needed
	b.disk.passed(needed, b.ring.oldest)
	b.repin()
}

func (b *Buffer) repin() { b.pinned = b.disk.pin(b.needed) }

// Retained returns the number of frames that are needed.
func (b *Buffer) Retained() uint64 { return b.next - min(b.next, b.needed) }

// Unneeded reports whether no frame that was sent must stay in memory.
func (b *Buffer) Unneeded() bool { return b.pinned >= b.sent }
