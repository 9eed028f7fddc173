package publisher

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crier/nack"
	"crier/reliable/store"
)

// job returns a job that writes the frames [from, to), each with a size and a content of
// its own.
func job(from, to uint64, stride int) *store.Job {
	j := &store.Job{Frames: nack.Range{From: from, To: to}}
	for seq := from; seq < to; seq++ {
		size := int(1 + seq%uint64(stride))
		j.Data = append(j.Data, bytes.Repeat([]byte{byte(seq)}, size)...)
		j.Sizes = append(j.Sizes, int32(size))
	}
	return j
}

func TestSpillKeepsFrames(t *testing.T) {
	dir := t.TempDir()
	s, err := openSpill(dir, 7, 100, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	const first = 1 << 40
	for at := uint64(first); at < first+3*maxSegment; at += 200 {
		if _, err := s.do(job(at, at+200, 100)); err != nil {
			t.Fatal(err)
		}
	}
	// The first range lies within a segment, the second one across a border.
	for _, r := range []nack.Range{
		{From: first, To: first + 64},
		{From: first + maxSegment - 30, To: first + maxSegment + 30},
	} {
		frames, err := s.do(&store.Job{Frames: r, Trim: first})
		if err != nil || uint64(len(frames)) != r.Len() {
			t.Fatalf("%v: %d frames, %v", r, len(frames), err)
		}
		for i, f := range frames {
			seq := r.From + uint64(i)
			if want := bytes.Repeat([]byte{byte(seq)}, int(1+seq%100)); !bytes.Equal(f, want) {
				t.Fatalf("frame %d differs", seq)
			}
		}
	}
	trimmed := &store.Job{Frames: nack.Range{From: first, To: first + 1}, Trim: first + maxSegment}
	if _, err := s.do(trimmed); err == nil {
		t.Error("a trimmed frame can be read")
	}
	if len(s.list) != 3 {
		t.Errorf("%d segments", len(s.list))
	}
	s.close()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

// The files never exceed their bound while a subscriber that is behind still needs frames.
func TestSpillStaysWithinItsBound(t *testing.T) {
	const disk = 100 * 116
	s, err := openSpill(t.TempDir(), 7, 100, disk)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	live := uint64(s.room(disk) / 116)
	for to := live; to < 1000; to++ { // the oldest needed frame moves by one
		if _, err := s.do(&store.Job{Trim: to - live}); err != nil {
			t.Fatal(err)
		}
		from := to - 1
		if to == live {
			from = 0
		}
		j := job(from, to, 100)
		j.Trim = to - live
		if _, err := s.do(j); err != nil {
			t.Fatal(err)
		}
		size := int64(0)
		for _, seg := range s.list {
			info, err := seg.file.(*os.File).Stat()
			if err != nil {
				t.Fatal(err)
			}
			size += info.Size()
		}
		if size > disk || size < s.room(disk) {
			t.Fatalf("with frames up to %d the files have %d bytes, of %d", to, size, disk)
		}
	}
	_, err = openSpill(t.TempDir(), 7, 100, 1000)
	if err == nil || !strings.Contains(err.Error(), "1856") {
		t.Errorf("a disk part of 1,000 bytes: %v", err)
	}
}

// A damaged record is an error.
func TestSpillDetectsDamage(t *testing.T) {
	for name, harm := range map[string]func(f *os.File) error{
		"torn": func(f *os.File) error { return f.Truncate(5*116 + 40) },
		"changed": func(f *os.File) error {
			_, err := f.WriteAt([]byte{0xff}, 5*116+recordHead)
			return err
		},
		"erased": func(f *os.File) error {
			_, err := f.WriteAt(make([]byte, 116), 5*116)
			return err
		},
	} {
		s, err := openSpill(t.TempDir(), 7, 100, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.do(job(0, 10, 100)); err != nil {
			t.Fatal(err)
		}
		if err := harm(s.list[0].file.(*os.File)); err != nil {
			t.Fatal(err)
		}
		frames, err := s.do(&store.Job{Frames: nack.Range{From: 0, To: 5}})
		if err != nil || len(frames) != 5 {
			t.Errorf("%s: the whole frames can't be read: %v", name, err)
		}
		if _, err := s.do(&store.Job{Frames: nack.Range{From: 4, To: 7}}); err == nil {
			t.Errorf("%s: the damage went undetected", name)
		}
		s.close()
	}
}

// The frames of a read stay valid during the next read, since the sender still views them.
// A failed read doesn't count.
func TestSpillKeepsViewedFrames(t *testing.T) {
	s, err := openSpill(t.TempDir(), 7, 100, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if _, err := s.do(job(0, 30, 100)); err != nil {
		t.Fatal(err)
	}
	read := func(from uint64) [][]byte {
		frames, err := s.do(&store.Job{Frames: nack.Range{From: from, To: from + 10}})
		if err != nil || len(frames) != 10 {
			t.Fatalf("reading 10 frames from %d: %d frames, %v", from, len(frames), err)
		}
		return frames
	}
	check := func(frames [][]byte, from uint64) {
		t.Helper()
		for i, f := range frames {
			seq := from + uint64(i)
			if want := bytes.Repeat([]byte{byte(seq)}, int(1+seq%100)); !bytes.Equal(f, want) {
				t.Fatalf("frame %d was overwritten", seq)
			}
		}
	}
	viewed := read(0)
	if _, err := s.do(&store.Job{Frames: nack.Range{From: 25, To: 35}}); err == nil {
		t.Fatal("frames that were never written can be read")
	}
	next := read(10)
	check(viewed, 0)
	read(20)
	check(next, 10)
}

// Opening fails if the directory doesn't exist or is a file.
func TestSpillNeedsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(t.TempDir(), "nothing"), file} {
		_, err := openSpill(dir, 7, 100, 1<<30)
		if err == nil || !strings.Contains(err.Error(), dir) ||
			!strings.Contains(err.Error(), "name a directory") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// Writing to a full disk is an error that names the cause.
func TestSpillOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there is no /dev/full here: %v", err)
	}
	s, err := openSpill(t.TempDir(), 7, 100, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.list = append(s.list, &segment{file: full})
	if _, err := s.do(job(0, 10, 100)); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("written to a full disk: %v", err)
	}
}
