package store

import (
	"sort"

	"crier/nack"
)

// Config configures a Buffer.
type Config struct {
	// Bytes bounds the frames in memory, in bytes.
	Bytes int
	// Stride is the size of a full frame, in bytes.
	Stride int
	// First is the sequence number of the first frame.
	First uint64
	// Disk bounds the bytes on disk, where each frame takes a stride and RecordHead; 0
	// means that there is no disk part.
	Disk int64
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
	ring  ring
	spill spill

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
	b.spill.limit = uint64(cfg.Disk) / uint64(cfg.Stride+RecordHead)
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
	return n + min(b.spill.limit, leastMarks)
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
	if from, ok := b.spill.from(); ok {
		return min(b.ring.oldest, from)
	}
	return b.ring.oldest
}

// OnDisk returns the frames that are on disk.
func (b *Buffer) OnDisk() nack.Range {
	from, _ := b.spill.from()
	return nack.Range{From: from, To: from + b.spill.held()}
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
	case b.Held().Contains(seq):
		return Stored
	}
	return Absent
}

// Frame returns a sealed frame that is in memory, or nil.
func (b *Buffer) Frame(seq uint64) []byte {
	if seq >= b.ring.oldest && seq < b.next {
		return b.ring.frame(seq)
	}
	if g := &b.spill.got; g.Contains(seq) {
		return g.frames[seq-g.From]
	}
	return nil
}

// Offset returns the offset of the message that the first chunk of a frame in memory
// belongs to.
func (b *Buffer) Offset(seq uint64) uint64 { return b.ring.of(seq).offset }

// Start returns the offset of the first message that starts in a frame or after it; the
// frame may be the next.
func (b *Buffer) Start(seq uint64) uint64 {
	switch {
	case seq < b.ring.oldest: // the first on disk, or what is asked about holds no more
		return b.spill.offsetOf(seq)
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
	switch from, ok := b.spill.from(); {
	case seq >= b.ring.oldest:
		return b.Start(min(seq, b.next))
	case ok && seq >= from:
		return b.spill.offsetOf(seq)
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
	return b.ring.fits(frames+1, min(b.spill.pin(needed), b.next), b.next)
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
	b.spill.passed(needed, b.ring.oldest)
	b.repin()
}

func (b *Buffer) repin() { b.pinned = b.spill.pin(b.needed) }

// Retained returns the number of frames that are needed.
func (b *Buffer) Retained() uint64 { return b.next - min(b.next, b.needed) }

// Unneeded reports whether no frame that was sent must stay in memory.
func (b *Buffer) Unneeded() bool { return b.pinned >= b.sent }

// Awaited knows whether frames that are about to be read are still wanted.
type Awaited interface {
	Awaits(frames nack.Range) bool
}

// Writes reports whether more may be written to disk.
func (b *Buffer) Writes() bool { return b.spill.may(b.needed) }

// Failed returns the error that stopped writing to disk, or nil.
func (b *Buffer) Failed() error { return b.spill.failed }

// Reading reports whether frames that Read asked for are outstanding.
func (b *Buffer) Reading() bool { return b.spill.want.Len() > 0 || b.spill.busyReading() }

// Read asks for frames that must be read first.
func (b *Buffer) Read(frames nack.Range) {
	if frames.Len() > 0 && !b.Reading() {
		b.spill.want = frames.Clip(frames.From, b.ring.oldest)
	}
}

// NextJob returns the next job for the disk, and false if there is none now. The job must
// be handed back with JobDone before the next call. Frames that nobody awaits are not
// read.
func (b *Buffer) NextJob(by Awaited) (Job, bool) {
	d := &b.spill
	if d.limit == 0 || d.busy {
		return Job{}, false
	}
	if d.want.Len() > 0 { // this job trims the frames that all have passed meanwhile
		from, _ := d.from()
		d.want = d.want.Clip(from, from+d.held())
		if !by.Awaits(d.want) {
			d.want = nack.Range{}
		}
	}
	write, writes := b.nextWrite()
	switch reads := d.want.Len() > 0; {
	case reads && !(writes && d.turn):
		d.job, d.turn = Job{Frames: d.want}, true
	case writes:
		d.job, d.turn = write, false
	case d.left && d.idle():
		d.job = Job{Sizes: d.job.Sizes}
	default:
		return Job{}, false
	}
	from, ok := d.from()
	if !ok {
		from = b.next
	}
	d.job.Trim = from
	if d.low, d.left = from, ok; d.job.Data != nil {
		d.low, d.left = min(from, d.job.Frames.From), true
	}
	d.busy = true
	return d.job, true
}

// nextWrite returns the next job that writes: frames that must be kept and for which the
// ring will soon have no room, once it is half full with them.
func (b *Buffer) nextWrite() (Job, bool) {
	d, ring := &b.spill, &b.ring
	if !d.may(b.needed) {
		return Job{}, false
	}
	from := max(b.needed, ring.oldest) // a quorum that shrinks may count one that is further behind
	if len(d.runs) > 0 {
		from = d.end
	}
	most, leave := min(maxWrite, d.limit-d.held()), len(ring.buf)/2
	more, enough := ring.span(from, b.sent)-leave, min(maxWrite*ring.stride, leave/2)
	if more <= 0 && from < b.sent { // small frames fill the index first
		half := uint64(len(ring.index)) / 2
		more, enough, leave = int(b.sent-from)-int(half), int(min(maxWrite, half/2)), 0
		most = min(most, uint64(max(more, 0)))
	}
	if more <= 0 || more < enough && b.Fits(ring.slots/8) {
		return Job{}, false // more will come: fewer, larger writes
	}
	data, sizes := ring.piece(from, b.sent, int(most), leave, d.job.Sizes)
	if len(sizes) == 0 {
		return Job{}, false
	}
	frames := nack.Range{From: from, To: from + uint64(len(sizes))}
	return Job{Frames: frames, Data: data, Sizes: sizes}, true
}

// JobDone hands the job back. frames are those that were read, with a datagram each; they
// must not change until the next read is handed back. After a failed write, nothing more
// is written. JobDone returns the range of a failed read, which is no longer held.
func (b *Buffer) JobDone(frames [][]byte, err error) (lost nack.Range) {
	d := &b.spill
	job := d.job
	d.busy, d.job.Data = false, nil
	if job.Data != nil {
		if err != nil {
			d.failed = err
			b.errors++
		} else {
			offset := b.ring.of(job.Frames.From).start()
			if len(d.runs) == 0 || d.end == job.Frames.From {
				d.runs = append(d.runs, spilled{job.Frames, offset})
				d.end = job.Frames.To
			}
			b.written += job.Frames.Len()
			d.passed(b.needed, b.ring.oldest)
		}
		b.repin()
		return nack.Range{}
	}
	if job.Frames.Len() == 0 {
		return nack.Range{} // it only let go
	}
	d.want = nack.Range{}
	if err == nil && uint64(len(frames)) != job.Frames.Len() {
		err = ErrShort
	}
	if err != nil {
		b.errors++
		return job.Frames
	}
	b.read += job.Frames.Len()
	d.got = loaded{job.Frames, frames}
	return nack.Range{}
}
