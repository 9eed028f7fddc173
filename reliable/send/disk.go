package send

import (
	"errors"

	"crier/nack"
	"crier/reliable"
)

// The disk part of retention. What the ring has no room to keep any longer is
// written to disk, in order, and read again when a subscriber that is behind asks
// for it. The Sender only decides what; a driver does it, one job at a time, away
// from the Sender: see Sender.NextDisk and Sender.DiskDone.

const (
	// diskWrite is how many frames are written at once, at the most.
	diskWrite = 256
	// diskRead is how many frames are read at once, at the most.
	diskRead = 64
	// diskTrim is how many frames that nobody needs any more may lie on disk until
	// there is something else to do: what a segment holds, where they are large.
	diskTrim = 4096
	// DiskHead is what a record on disk has beside its frame, in bytes.
	DiskHead = 16
)

// DiskJob is something to do on disk.
type DiskJob struct {
	Frames nack.Range
	// Data, if not nil, is to be written: the frames one after the other, each of
	// as many bytes as Sizes says. It is a view of the ring, valid until DiskDone.
	// Else the frames, if there are any, are to be read.
	Data  []byte
	Sizes []int32
	// Trim: what lies below this frame is no longer needed, and is let go first. What
	// is written may lie below it, where nothing that was written before is needed.
	Trim uint64
}

// errDiskShort is what a driver's read failed with that returned too little.
var errDiskShort = errors.New("the disk returned other frames than were written")

// disk is the account of what lies on disk: the frames from the first run's on,
// without a gap.
type disk struct {
	limit uint64 // frames; 0 means there is no disk
	runs  []diskRun
	end   uint64 // one past the last frame on disk, where there are runs

	busy   bool // a job is out
	job    DiskJob
	failed error  // nothing is written any more
	turn   bool   // a read was the last job
	left   bool   // there are frames on disk that nobody needs
	low    uint64 // and all that lay below this one is let go

	// One read at a time.
	want nack.Range // to be read; empty for nothing
	got  diskGot
}

// diskRun is what one job wrote.
type diskRun struct {
	nack.Range
	offset uint64 // of the first message that starts in the first frame or after it
}

// diskGot is what the last job read.
type diskGot struct {
	nack.Range
	frames [][]byte
}

// from returns the lowest frame on disk, and false if there is none.
func (d *disk) from() (uint64, bool) {
	if len(d.runs) == 0 {
		return 0, false
	}
	return d.runs[0].From, true
}

// held returns how many frames are on disk.
func (d *disk) held() uint64 {
	if len(d.runs) == 0 {
		return 0
	}
	return d.end - d.runs[0].From
}

// may says whether more may be written, where frames from hold on must be kept.
func (d *disk) may(hold uint64) bool {
	return d.limit > 0 && d.failed == nil && hold != nobody && d.held() < d.limit
}

// passed lets go of what everyone who counts has passed. Where one that counts anew
// is behind what is on disk, the ring holds all of that as well: the disk begins
// again at hold, so that what must be kept has no hole.
func (d *disk) passed(hold, ringOldest uint64) {
	if from, ok := d.from(); ok && hold < from && hold >= ringOldest {
		d.runs = d.runs[:0]
		return
	}
	n := 0
	for n < len(d.runs) && d.runs[n].To <= hold {
		n++
	}
	if n > 0 {
		d.runs = d.runs[:copy(d.runs, d.runs[n:])]
	}
}

// pin returns which frames must stay in the ring: those that must be kept and
// aren't on disk, and those that are being written.
func (d *disk) pin(hold uint64) uint64 {
	pin := hold
	if len(d.runs) > 0 {
		pin = max(pin, d.end)
	}
	if d.busy && d.job.Data != nil {
		pin = min(pin, d.job.Frames.From)
	}
	return pin
}

// offsetOf returns the offset of the first message that starts in the run that
// holds seq, or after: at or before that of seq.
func (d *disk) offsetOf(seq uint64) uint64 {
	at := uint64(0)
	for _, r := range d.runs {
		if r.From > seq {
			break
		}
		at = r.offset
	}
	return at
}

// NextDisk returns the next thing to do on disk, and false if there is none now.
// It must be handed back with DiskDone before the next call.
func (s *Sender) NextDisk() (DiskJob, bool) {
	d := &s.disk
	if d.limit == 0 || d.busy {
		return DiskJob{}, false
	}
	if d.want.Len() > 0 { // what all have passed meanwhile is trimmed by this very job
		from, _ := d.from()
		d.want = d.want.Clip(from, from+d.held())
		if !s.responder.Awaits(d.want) {
			d.want = nack.Range{} // who waited for it has it, or has left
		}
	}
	write, writes := s.diskWrite()
	switch reads := d.want.Len() > 0; {
	case reads && !(writes && d.turn):
		d.job, d.turn = DiskJob{Frames: d.want}, true
	case writes:
		d.job, d.turn = write, false
	case d.left && d.idle():
		d.job = DiskJob{Sizes: d.job.Sizes}
	default:
		return DiskJob{}, false
	}
	from, ok := d.from()
	if !ok {
		from = s.next
	}
	d.job.Trim = from
	if d.low, d.left = from, ok; d.job.Data != nil {
		d.low, d.left = min(from, d.job.Frames.From), true
	}
	d.busy = true
	return d.job, true
}

// idle says whether it is time to let go of what nobody needs any more, though there
// is nothing else to do: all of it, or much.
func (d *disk) idle() bool {
	from, ok := d.from()
	return !ok || from >= d.low+diskTrim
}

// diskWrite returns what to write next: what the ring must keep and will soon
// have no room for, once it is half full with it.
func (s *Sender) diskWrite() (DiskJob, bool) {
	d, hold := &s.disk, s.keep.hold
	if !d.may(hold) {
		return DiskJob{}, false
	}
	from := max(hold, s.ringOldest()) // a quorum that shrinks may count one that is further behind
	if len(d.runs) > 0 {
		from = d.end
	}
	most, leave := min(diskWrite, d.limit-d.held()), len(s.ring.buf)/2
	more, enough := s.ring.span(from, s.sent)-leave, min(diskWrite*s.ring.stride, leave/2)
	if more <= 0 && from < s.sent { // small frames fill the index first
		half := uint64(len(s.ring.index)) / 2
		more, enough, leave = int(s.sent-from)-int(half), int(min(diskWrite, half/2)), 0
		most = min(most, uint64(max(more, 0)))
	}
	if more <= 0 || more < enough && s.fits(s.ring.slots/8) {
		return DiskJob{}, false // more will come: fewer, larger writes
	}
	data, sizes := s.ring.piece(from, s.sent, int(most), leave, d.job.Sizes)
	if len(sizes) == 0 {
		return DiskJob{}, false
	}
	frames := nack.Range{From: from, To: from + uint64(len(sizes))}
	return DiskJob{Frames: frames, Data: data, Sizes: sizes}, true
}

// DiskDone hands the job back. Frames are what was read, with a datagram each;
// they must stay as they are until the next read is handed back. After a failed
// write nothing more is written; what a failed read was for is no longer held.
func (s *Sender) DiskDone(now reliable.Time, frames [][]byte, err error) {
	d := &s.disk
	job := d.job
	d.busy, d.job.Data = false, nil
	if job.Data != nil {
		if err != nil {
			d.failed = err
			s.stats.DiskErrors++
		} else {
			offset := s.ring.of(job.Frames.From).start()
			if len(d.runs) == 0 || d.end == job.Frames.From {
				d.runs = append(d.runs, diskRun{job.Frames, offset})
				d.end = job.Frames.To
			}
			s.stats.DiskWritten += job.Frames.Len()
			d.passed(s.keep.hold, s.ringOldest())
		}
		s.repin(now)
		return
	}
	if job.Frames.Len() == 0 {
		return // it only let go
	}
	d.want = nack.Range{}
	if err == nil && uint64(len(frames)) != job.Frames.Len() {
		err = errDiskShort
	}
	if err != nil {
		s.stats.DiskErrors++
		s.responder.Unreadable(job.Frames)
		s.deny()
		return
	}
	s.stats.DiskRead += job.Frames.Len()
	d.got = diskGot{job.Frames, frames}
}

// DiskFailed returns why nothing is written to disk any more, or nil.
func (s *Sender) DiskFailed() error { return s.disk.failed }

func (d *disk) busyReading() bool { return d.busy && d.job.Data == nil && d.job.Frames.Len() > 0 }

// mayRead says whether frames can be asked to be read.
func (d *disk) mayRead() bool { return d.want.Len() == 0 && !d.busyReading() }

// read has frames read below the first that the ring holds.
func (d *disk) read(frames nack.Range, ringOldest uint64) {
	if frames.Len() > 0 && d.mayRead() {
		d.want = frames.Clip(frames.From, ringOldest)
	}
}
