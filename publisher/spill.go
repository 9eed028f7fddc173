package publisher

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"crier/reliable/store"
)

// spill is the disk part of the resend buffer: append-only segments in a directory
// of the user's, each a file of so many frames. A segment is removed when nobody
// needs it any more; where the system allows it, its name is gone as soon as it is
// open, so that nothing is left of a process that dies. One goroutine uses it.
type spill struct {
	dir    string
	prefix string
	stride int    // of a record, in bytes
	length uint64 // of a segment, in frames
	open   func(path string) (diskFile, error)
	list   []*segment
	named  int    // segments that were made
	buf    []byte // records to write
	reads  [2]diskRead
	turn   int // which of reads is next: the sender still views the other
}

// diskRead is what one read brought; frames are views of buf.
type diskRead struct {
	buf    []byte
	frames [][]byte
}

// diskFile is a segment's file.
type diskFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// openFile makes the file of a segment, which must not be there.
func openFile(path string) (diskFile, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// segment is one file: the frames [from, to), the first at its start.
type segment struct {
	file     diskFile
	from, to uint64
	path     string // to be removed; empty if it is no more
}

const (
	// maxSegment is how many frames a segment holds at the most: some 6 MB. It is a
	// part of all that there may be, since it is let go as a whole.
	maxSegment  = 4096
	segmentPart = 16
	// recordHead is before each frame: its sequence number, its size, and the CRC32C
	// of both and of the frame.
	recordHead = store.RecordHead
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openSpill checks that the directory can be written to. Frame is the largest frame,
// and disk is what the files may have in all, both in bytes.
func openSpill(dir string, session SessionID, frame int, disk int64) (*spill, error) {
	s := &spill{dir: dir, prefix: fmt.Sprintf("crier-%v-", session), stride: recordHead + frame, open: openFile}
	frames := disk / int64(s.stride)
	if frames < segmentPart {
		return nil, fmt.Errorf("Retention.Disk: a disk part of the resend buffer of %d bytes is too small: %d records of %d bytes need %d",
			disk, segmentPart, s.stride, segmentPart*s.stride)
	}
	s.length = min(maxSegment, uint64(frames/segmentPart))
	seg, err := s.create(0)
	if err != nil {
		return nil, fmt.Errorf("Retention.Dir: the disk part of the resend buffer can't be kept in %s (%w): name a directory that can be written to", dir, err)
	}
	seg.drop()
	return s, nil
}

// room returns how much of disk may be needed at one time, in bytes: the rest is for
// what nobody needs of the oldest segment.
func (s *spill) room(disk int64) int64 { return disk - int64(s.length)*int64(s.stride) }

// create makes the segment that begins with a frame.
func (s *spill) create(from uint64) (*segment, error) {
	path := filepath.Join(s.dir, fmt.Sprintf("%s%d", s.prefix, s.named))
	file, err := s.open(path)
	if err != nil {
		return nil, err
	}
	s.named++
	seg := &segment{file: file, from: from, to: from, path: path}
	if os.Remove(path) == nil {
		seg.path = ""
	}
	return seg, nil
}

// drop lets go of a segment.
func (g *segment) drop() {
	g.file.Close()
	if g.path != "" {
		os.Remove(g.path) // what can't be removed is the system's to tell
	}
}

// do does one job.
func (s *spill) do(job *store.Job) ([][]byte, error) {
	s.trim(job.Trim)
	switch {
	case job.Data != nil:
		return nil, s.write(job)
	case job.Frames.Len() == 0:
		return nil, nil
	}
	return s.read(job)
}

// trim lets go of segments that nobody needs.
func (s *spill) trim(low uint64) {
	n := 0
	for n < len(s.list) && s.list[n].to <= low && s.list[n].to > s.list[n].from {
		s.list[n].drop()
		n++
	}
	s.list = append(s.list[:0], s.list[n:]...)
}

func (s *spill) write(job *store.Job) error {
	data := job.Data
	for i := 0; i < len(job.Sizes); {
		seq := job.Frames.From + uint64(i)
		last := len(s.list) - 1
		if last < 0 || s.list[last].to != seq || seq-s.list[last].from >= s.length {
			seg, err := s.create(seq)
			if err != nil {
				return err
			}
			s.list = append(s.list, seg)
			last++
		}
		seg := s.list[last]
		n := min(len(job.Sizes)-i, int(seg.from+s.length-seq))
		s.buf = s.buf[:0]
		for j := i; j < i+n; j++ {
			size := int(job.Sizes[j])
			s.buf = s.appendRecord(s.buf, job.Frames.From+uint64(j), data[:size])
			data = data[size:]
		}
		if _, err := seg.file.WriteAt(s.buf, int64(seq-seg.from)*int64(s.stride)); err != nil {
			return err
		}
		seg.to += uint64(n)
		i += n
	}
	return nil
}

func (s *spill) appendRecord(b []byte, seq uint64, frame []byte) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint64(b, seq)
	b = binary.BigEndian.AppendUint32(b, uint32(len(frame)))
	b = binary.BigEndian.AppendUint32(b, checksum(b[at:], frame))
	b = append(b, frame...)
	for len(b) < at+s.stride {
		b = append(b, 0)
	}
	return b
}

func checksum(head, frame []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, frame)
}

func (s *spill) read(job *store.Job) ([][]byte, error) {
	count := int(job.Frames.Len())
	r := &s.reads[s.turn]
	if need := count * s.stride; cap(r.buf) < need {
		r.buf = make([]byte, need)
	}
	r.frames = r.frames[:0]
	all := r.buf[:count*s.stride]
	seq := job.Frames.From
	for _, seg := range s.list {
		if seq >= job.Frames.To || seq < seg.from || seq >= seg.to {
			continue
		}
		n := min(job.Frames.To, seg.to) - seq
		part := all[:int(n)*s.stride]
		all = all[len(part):]
		if _, err := seg.file.ReadAt(part, int64(seq-seg.from)*int64(s.stride)); err != nil {
			return nil, fmt.Errorf("frames from %d on: %w", seq, err)
		}
		for ; len(part) > 0; part, seq = part[s.stride:], seq+1 {
			frame, err := s.record(part[:s.stride], seq)
			if err != nil {
				return nil, err
			}
			r.frames = append(r.frames, frame)
		}
	}
	if seq != job.Frames.To {
		return nil, fmt.Errorf("frame %d is not on disk", seq)
	}
	s.turn = 1 - s.turn
	return r.frames, nil
}

// record returns the frame in a record, if it is whole.
func (s *spill) record(b []byte, seq uint64) ([]byte, error) {
	size := binary.BigEndian.Uint32(b[8:])
	if got := binary.BigEndian.Uint64(b); got != seq || size > uint32(len(b)-recordHead) {
		return nil, fmt.Errorf("frame %d: its record on disk is torn", seq)
	}
	frame := b[recordHead : recordHead+size]
	if binary.BigEndian.Uint32(b[12:]) != checksum(b[:12], frame) {
		return nil, fmt.Errorf("frame %d: its checksum on disk is wrong", seq)
	}
	return frame, nil
}

// close removes all.
func (s *spill) close() {
	for _, seg := range s.list {
		seg.drop()
	}
	s.list = nil
}
