package store

import (
	"sort"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

// Awaited knows whether frames that are about to be read are still wanted.
type Awaited interface {
	Awaits(frames nack.Range) bool
}

// HasDisk reports whether there is a disk part.
func (b *Buffer) HasDisk() bool { return b.disk.limit > 0 }

// Writes reports whether more may be written to disk.
func (b *Buffer) Writes() bool { return b.disk.may(b.needed, b.ring.stride) }

// Failed returns the error that stopped writing to disk, or nil.
func (b *Buffer) Failed() error { return b.disk.failed }

// Reading reports whether frames that Read asked for are outstanding.
func (b *Buffer) Reading() bool { return b.disk.read.want.Len() > 0 }

// Read asks for frames that must be read first.
func (b *Buffer) Read(frames nack.Range) {
	if frames.Len() > 0 && !b.Reading() {
		b.disk.read.want = frames.Clip(frames.From, b.ring.oldest)
	}
}

// NextJob returns the next job for the disk, and false if there is none now. The job must
// be handed back with JobDone before the next call. What it writes is a view of the ring,
// valid until then, or until JobCopied. Frames that nobody awaits are not read.
func (b *Buffer) NextJob(now reliable.Time, by Awaited) (*journal.Job, bool) {
	d := &b.disk
	if d.limit == 0 || d.out != idle {
		return nil, false
	}
	if want := &d.read.want; want.Len() > 0 { // this job trims what all have passed meanwhile
		disk := b.OnDisk()
		if *want = want.Clip(disk.From, disk.To); !by.Awaits(*want) {
			*want = nack.Range{}
		}
	}
	some := b.nextWrite(now)
	var job *journal.Job
	switch wants := d.read.want.Len() > 0; {
	case wants && !(some && d.turn):
		job, d.out, d.turn = d.read.make(d.key), reads, true
	case some:
		job, d.out, d.turn = d.write.make(d.key), writes, false
		b.repin()
	case d.record != nil:
		if job, some = d.record.makeSync(now, d.key); some {
			d.out = syncs
		}
		return job, some
	case d.left && d.idle():
		job, d.out = d.letGo(), letsGo
	default:
		return nil, false
	}
	switch {
	case d.record == nil:
		b.trim(job)
	case d.out == writes:
		d.record.complete(now, &d.write, b.next, b.end)
	}
	return job, true
}

// trim has a job of a spill delete what nobody needs.
func (b *Buffer) trim(job *journal.Job) {
	d := &b.disk
	from, ok := d.from()
	if !ok {
		from = b.next
	}
	job.Trim = from
	if d.low, d.left = from, ok; d.out == writes {
		job.Reset = !ok && d.next != d.write.frames.From
		d.low, d.left = min(from, d.write.frames.From), true
	}
}

// nextWrite finds the next frames to be written.
func (b *Buffer) nextWrite(now reliable.Time) bool {
	if !b.Writes() && !(b.disk.record != nil && b.disk.record.retries(now)) {
		return false
	}
	b.disk.write.begin()
	if b.disk.record != nil {
		return b.nextRecord(now)
	}
	return b.nextSpill()
}

// nextSpill finds frames that must be kept and for which the ring will soon have no room,
// once it is half full with them.
func (b *Buffer) nextSpill() bool {
	d, ring := &b.disk, &b.ring
	from := max(b.needed, ring.oldest) // a quorum that shrinks may count one that is further behind
	if !d.index.empty() {
		from = d.index.end
	}
	most, leave := uint64(journal.MaxFrames), len(ring.buf)/2
	more := ring.span(from, b.sent) - leave
	enough := min(b.block(), leave/2)
	if more <= 0 && from < b.sent { // small frames fill the index first
		half := uint64(len(ring.index)) / 2
		more, leave = int(b.sent-from)-int(half), 0
		enough = int(min(journal.MaxFrames, half/2))
		most = min(most, uint64(max(more, 0)))
	}
	if more <= 0 || more < enough && b.Fits(ring.slots/8) {
		return false // more will come: fewer, larger writes
	}
	return b.piece(from, b.sent, int(most), leave, d.room(b.needed)) > 0
}

// nextRecord finds frames that are to be recorded, or the end.
func (b *Buffer) nextRecord(now reliable.Time) bool {
	w, from := &b.disk.write, b.disk.record.from(b)
	if !b.disk.record.ripe(now, b, from) {
		return false
	}
	if next := b.disk.record.mark; from > next.Seq {
		w.lack(next, journal.Mark{Seq: from, Offset: b.Start(from)})
	}
	if from == b.next {
		w.frames = nack.Range{From: from, To: from}
		return true // the end alone
	}
	room := b.disk.room(b.needed)
	for w.count < maxBlocks && from < b.next && room >= journal.BlockSize(1, b.ring.stride) {
		n := b.piece(from, b.next, journal.MaxFrames, 0, room)
		from, room = w.frames.To, room-n
		if b.ring.span(from, b.next) < b.block() {
			break // more will come
		}
	}
	return w.count > 0
}

// piece adds a record of frames from one on, as many as a block holds and the room allows.
// They lie below end, are at most most, and leave so many bytes between them and end. piece
// returns the bytes of the block, or 0 without a frame.
func (b *Buffer) piece(from, end uint64, most, leave int, room int64) int64 {
	w := &b.disk.write
	bytes := max(b.ring.stride, int(min(int64(b.block()), room-journal.BlockSize(most, 0))))
	data, sizes := b.ring.piece(from, end, most, bytes, leave, w.free())
	if len(sizes) == 0 {
		return 0
	}
	to := from + uint64(len(sizes))
	w.add(journal.Record{
		Frames: nack.Range{From: from, To: to}, Offset: b.ring.of(from).start(),
		EndOffset: b.Start(to), Data: data, Sizes: sizes,
	})
	return journal.BlockSize(len(sizes), len(data))
}

// block returns the most bytes of frames that are written at once: a small part of a small
// disk, so that its segments are nearly full.
func (b *Buffer) block() int {
	return max(b.ring.stride, int(min(journal.MaxBlock, b.disk.limit/64)))
}

// JobCopied says that the driver needs the frames that the job writes no longer.
func (b *Buffer) JobCopied() {
	b.disk.write.copied = true
	b.repin()
}

// JobDone hands the job back with its result. The frames that were read must not change
// until the job after the next one that reads is handed back. After a failed write of a
// spill, nothing more is written; a log tries again. JobDone returns the ranges that were
// to be read and can't be had.
func (b *Buffer) JobDone(now reliable.Time, res *journal.Result) (lost []nack.Range) {
	d := &b.disk
	out, frames := d.out, nack.Range{}
	d.out = idle
	switch out {
	case writes, syncs:
		b.wrote(res, out == writes)
		if out == writes {
			frames = d.write.frames
		}
	case reads:
		var err error
		if lost, err = d.read.done(res); err != nil || len(lost) > 0 {
			b.errors++
		}
		b.read += res.Read.Len()
		for _, r := range lost {
			b.read -= min(b.read, r.Clip(res.Read.From, res.Read.To).Len())
		}
	}
	switch {
	case d.record == nil:
	case out == reads:
		d.record.note(d, &res.State)
	default:
		d.record.done(now, d, res, frames)
	}
	d.passed(b.needed, b.ring.oldest)
	b.repin()
	return lost
}

// wrote takes the result of a job that wrote, or only synced.
func (b *Buffer) wrote(res *journal.Result, frames bool) {
	d, w := &b.disk, &b.disk.write
	d.next = res.State.Next.Seq
	if d.failed = nil; res.Err != nil {
		b.errors++
	}
	if res.Full || res.Failed {
		d.failed = res.Err
	}
	if res.Again {
		d.index.truncate(d.next)
	}
	if !frames {
		return
	}
	if d.index.empty() || d.index.end == w.frames.From || d.record != nil {
		b.written += w.done(&d.index, d.next)
	}
}

// Due returns when the next job is due though nothing happens.
func (b *Buffer) Due() reliable.Time { return b.disk.due() }

// Finish says that no frame follows: a log ends.
func (b *Buffer) Finish() {
	if b.disk.record != nil {
		b.disk.record.ending = true
	}
}

// Hurry says that frames wait for others no longer, to be written to a log.
func (b *Buffer) Hurry() {
	if b.disk.record != nil {
		b.disk.record.hurry = true
	}
}

// Finished reports whether a log has all frames and its end, or can't have them.
func (b *Buffer) Finished() bool {
	r := b.disk.record
	return r == nil || r.ended || b.disk.failed != nil
}

// Logged returns the frames below which the publisher's own log survives the end of the
// process, and the loss of power; false if it keeps none.
func (b *Buffer) Logged() (written, synced uint64, ok bool) {
	if r := b.disk.record; r != nil {
		return r.written, r.synced, true
	}
	return 0, 0, false
}

// LogLacks reports whether a log has a hole below a frame.
func (b *Buffer) LogLacks(below uint64) bool {
	r := b.disk.record
	return r != nil && len(r.holes) > 0 && r.holes[0].From < below
}

// half returns the first of the frames [from, next) with which no more than half of the
// ring is full.
func (b *Buffer) half(from uint64) uint64 {
	ring := &b.ring
	return from + uint64(sort.Search(int(b.next-from), func(i int) bool {
		seq := from + uint64(i)
		return ring.span(seq, b.next) <= len(ring.buf)/2 &&
			b.next-seq <= uint64(len(ring.index))/2
	}))
}
