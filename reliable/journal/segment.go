package journal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crier/nack"
	"crier/reliable"
)

// A segment is a file of a tape.
type segment struct {
	tape *tape
	name string
	// first is where the segment begins, and next where it ends: what lies behind next in
	// the file doesn't count.
	first, next Mark
	// title is the latest that the segment has, or nil.
	title *reliable.Title
	// firstTime and lastTime are the publisher's, of the first and the last frame.
	firstTime, lastTime int64
	// begun and recorded are the recorder's time, when the segment was begun and when it
	// was last written.
	begun, recorded int64
	// size is where the next block goes: the file's size, but for what isn't whole.
	size int64
	// crc is the checksum of the last block.
	crc uint32
	// frames counts them.
	frames uint64
	index  []entry
	// holes are the latest, and moreHoles counts the others.
	holes     []nack.Range
	moreHoles int
	// ended is the end after the last frame, if it is there.
	ended *End

	// file is open, or nil, and used is when it was used last.
	file File
	used uint64

	// sealed says that the segment has its footer, and dead that it is never written or
	// synced again, since that failed.
	sealed, dead bool
	// damaged says that the first frames of the segment don't verify.
	damaged bool
	// adopted says that an earlier process wrote the segment, and doubtful that it could
	// not be synced; waits counts the syncs since.
	adopted, doubtful bool
	waits             int
	// unsynced says that something was written since the last sync, named that the file's
	// name was synced.
	unsynced, named bool
	// safe is the place up to which the segment is synced.
	safe place
	// claimed is the highest number below which all was synced when a block was written.
	claimed uint64
}

// A place is a place in a segment, between blocks.
type place struct {
	Mark
	size int64
	crc  uint32
}

// An entry of the index of a segment says what begins where: one in each 64 KiB of file.
type entry struct {
	Mark
	// time is the publisher's, of the block's first frame.
	time int64
	// at is the block's position in the file.
	at int64
}

const (
	entrySize = 32
	// stretch is the least distance of entries, in bytes.
	stretch = 64 << 10
)

// add takes a block into the segment's account, which lies at its end.
func (s *segment) add(h *head, at int64, next uint64) {
	if h.kind == kindData || h.kind == kindHole {
		last := len(s.index) - 1
		if last < 0 {
			s.firstTime = h.first
		}
		if last < 0 || at-s.index[last].at >= stretch {
			s.index = append(s.index, entry{Mark{h.seq, h.offset}, h.first, at})
		}
		if h.kind == kindHole {
			s.holes = append(s.holes, nack.Range{From: h.seq, To: next})
		}
		s.frames += uint64(h.count)
		s.lastTime = max(s.lastTime, h.last())
		s.ended = nil
		s.next = Mark{next, h.end}
	}
	s.size, s.crc = at+headSize+int64(h.length), h.crc
}

// here returns the segment's end.
func (s *segment) here() place { return place{s.next, s.size, s.crc} }

// interval returns the index of the entry whose stretch of the file has a frame, or the
// first.
func (s *segment) interval(seq uint64) int {
	i, _ := slices.BinarySearchFunc(s.index, seq, func(e entry, seq uint64) int {
		if e.Seq <= seq {
			return -1
		}
		return 1
	})
	return max(0, i-1)
}

// stretch returns where the stretch of the file begins and ends that an entry stands for.
func (s *segment) stretch(i int) (from, to int64) {
	if i+1 < len(s.index) {
		return s.index[i].at, s.index[i+1].at
	}
	return s.index[i].at, s.size
}

// segmentName returns the name of a segment's file. again is 0, or tells apart those that
// begin with the same frame.
func segmentName(key Key, first uint64, again int) string {
	name := fmt.Sprintf("%016x/%d-%020d", key.Session, key.Channel, first)
	if again > 0 {
		name += fmt.Sprintf("-%d", again)
	}
	return name + segmentSuffix
}

const segmentSuffix = ".seg"

// parseName parses the name of a segment's file.
func parseName(name string) (key Key, first uint64, again int, ok bool) {
	folder, file, ok := strings.Cut(name, "/")
	stem, suffix := strings.CutSuffix(file, segmentSuffix)
	parts := strings.Split(stem, "-")
	if !ok || !suffix || len(parts) < 2 || len(parts) > 3 {
		return key, 0, 0, false
	}
	session, err1 := strconv.ParseUint(folder, 16, 64)
	channel, err2 := strconv.ParseUint(parts[0], 10, 32)
	first, err3 := strconv.ParseUint(parts[1], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return key, 0, 0, false
	}
	if len(parts) == 3 {
		n, err := strconv.ParseUint(parts[2], 10, 31)
		if err != nil {
			return key, 0, 0, false
		}
		again = int(n)
	}
	key = Key{Session: session, Channel: uint32(channel)}
	return key, first, again, segmentName(key, first, again) == name
}

// folder returns the name of the folder of a tape's files.
func (s *segment) folder() string {
	folder, _, _ := strings.Cut(s.name, "/")
	return folder
}

// maxOpen bounds the files that are open. One that must be synced stays open beyond it.
const maxOpen = 256

// open returns a segment's file. It may close another one.
func (l *Log) open(s *segment) (File, error) {
	l.tick++
	s.used = l.tick
	if s.file != nil {
		return s.file, nil
	}
	f, err := l.dir.Open(s.name)
	if err != nil {
		return nil, err
	}
	l.opened(s, f)
	return f, nil
}

// opened keeps a file that was opened.
func (l *Log) opened(s *segment, f File) {
	l.tick++
	s.file, s.used = f, l.tick
	if len(l.files) >= maxOpen && !l.cfg.ByNeed { // files of a spill have no name to open
		oldest := -1
		for i, other := range l.files {
			if (!other.unsynced || l.cfg.Fsync.Mode == FsyncNone) &&
				(oldest < 0 || other.used < l.files[oldest].used) {
				oldest = i
			}
		}
		if oldest >= 0 {
			l.close(l.files[oldest])
		}
	}
	l.files = append(l.files, s)
}

// close closes a segment's file.
func (l *Log) close(s *segment) {
	if s.file == nil {
		return
	}
	s.file.Close()
	s.file = nil
	if i := slices.Index(l.files, s); i >= 0 {
		l.files[i] = l.files[len(l.files)-1]
		l.files = l.files[:len(l.files)-1]
	}
}
