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

// spill is the disk part of the resend buffer. It keeps frames in append-only segments,
// files of a fixed number of frames in a directory of the user. It removes a segment whose
// frames are all unneeded. Where the system allows it, it unlinks a segment as soon as it
// is open, so that a process that dies leaves nothing behind. One goroutine uses it.
type spill struct {
	dir    string
	prefix string
	// stride is the size of a record, in bytes.
	stride int
	// length is the length of a segment, in frames.
	length uint64
	open   func(path string) (diskFile, error)
	list   []*segment
	// named counts the segments created.
	named int
	// buf has the records of a write.
	buf []byte
	// reads are the results of the last two reads, and turn is the index of the older. The
	// sender still views the other.
	reads [2]diskRead
	turn  int
}

// diskRead is the result of one read. Its frames are views of buf.
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

// openFile creates the file of a segment, which must not exist.
func openFile(path string) (diskFile, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// segment is the file of the frames [from, to), one record after the other.
type segment struct {
	file     diskFile
	from, to uint64
	// path is the file's name, or empty once it is unlinked.
	path string
}

const (
	// maxSegment is the greatest length of a segment, in frames: about 6 MB. segmentPart
	// is the least number of segments in the disk part. Segments are short since they are
	// removed as a whole.
	maxSegment  = 4096
	segmentPart = 16
	// recordHead is the size of a record's head: the frame's sequence number, its size,
	// and the CRC32C of both and of the frame.
	recordHead = store.RecordHead
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openSpill opens a disk part, and checks that the directory is writable. It takes the
// sizes of the largest frame and of all files together, in bytes.
func openSpill(dir string, session SessionID, frame int, disk int64) (*spill, error) {
	s := &spill{
		dir: dir, prefix: fmt.Sprintf("crier-%v-", session),
		stride: recordHead + frame, open: openFile,
	}
	frames := disk / int64(s.stride)
	if frames < segmentPart {
		return nil, fmt.Errorf("Retention.Disk: a disk part of the resend buffer of %d bytes "+
			"is too small: %d records of %d bytes need %d",
			disk, segmentPart, s.stride, segmentPart*s.stride)
	}
	s.length = min(maxSegment, uint64(frames/segmentPart))
	seg, err := s.create(0)
	if err != nil {
		return nil, fmt.Errorf("Retention.DiskDir: the disk part of the resend buffer can't be "+
			"kept in %s (%w): name a directory that can be written to", dir, err)
	}
	seg.drop()
	return s, nil
}

// room returns how much of disk may hold needed frames, in bytes. The rest is for the
// unneeded frames of the oldest segment.
func (s *spill) room(disk int64) int64 { return disk - int64(s.length)*int64(s.stride) }

// create creates the segment that begins with the frame from.
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

// drop removes a segment. It ignores errors: there is no remedy for them.
func (g *segment) drop() {
	g.file.Close()
	if g.path != "" {
		os.Remove(g.path)
	}
}

// do does one job, and returns the frames if it is a read. They are valid until the next
// read but one.
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

// trim drops the segments whose frames are all below low.
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
			return nil, fmt.Errorf("frame %d and later ones: %w", seq, err)
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

// record returns the frame in a record, or an error if the record is damaged.
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

// close drops all segments.
func (s *spill) close() {
	for _, seg := range s.list {
		seg.drop()
	}
	s.list = nil
}
