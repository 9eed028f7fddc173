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

// job returns the frames [from, to), each of its own size and content.
func job(from, to uint64, stride int) *store.Job {
	j := &store.Job{Frames: nack.Range{From: from, To: to}}
	for seq := from; seq < to; seq++ {
		size := int(1 + seq%uint64(stride))
		j.Data = append(j.Data, bytes.Repeat([]byte{byte(seq)}, size)...)
		j.Sizes = append(j.Sizes, int32(size))
	}
	return j
}

func TestStoreKeepsFrames(t *testing.T) {
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
	// Across a segment's end, and within one.
	for _, r := range []nack.Range{{From: first, To: first + 64}, {From: first + maxSegment - 30, To: first + maxSegment + 30}} {
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
	if _, err := s.do(&store.Job{Frames: nack.Range{From: first, To: first + 1}, Trim: first + maxSegment}); err == nil {
		t.Error("what was trimmed can be read")
	}
	if len(s.list) != 3 {
		t.Errorf("%d segments", len(s.list))
	}
	s.close()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The files never have more bytes than they may, whatever a subscriber that is behind
// holds fast.
func TestStoreStaysWithinItsBound(t *testing.T) {
	const disk = 100 * 116
	s, err := openSpill(t.TempDir(), 7, 100, disk)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	live := uint64(s.room(disk) / 116)
	for to := live; to < 1000; to++ { // the oldest that is needed moves by one
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
	if _, err := openSpill(t.TempDir(), 7, 100, 1000); err == nil || !strings.Contains(err.Error(), "1856") {
		t.Errorf("a disk part of 1,000 bytes: %v", err)
	}
}

// A torn record, or a changed one, is an error and no frame.
func TestStoreFindsDamage(t *testing.T) {
	for name, harm := range map[string]func(f *os.File) error{
		"torn":    func(f *os.File) error { return f.Truncate(5*116 + 40) },
		"changed": func(f *os.File) error { _, err := f.WriteAt([]byte{0xff}, 5*116+recordHead); return err },
		"erased":  func(f *os.File) error { _, err := f.WriteAt(make([]byte, 116), 5*116); return err },
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
		if frames, err := s.do(&store.Job{Frames: nack.Range{From: 0, To: 5}}); err != nil || len(frames) != 5 {
			t.Errorf("%s: what is whole can't be read: %v", name, err)
		}
		if _, err := s.do(&store.Job{Frames: nack.Range{From: 4, To: 7}}); err == nil {
			t.Errorf("%s: nobody noticed", name)
		}
		s.close()
	}
}

// What one read brought stays as it is until the read after the next: the sender still
// views it. A read that fails in between brings nothing, and doesn't count.
func TestStoreKeepsWhatTheSenderViews(t *testing.T) {
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
			t.Fatalf("frames from %d on: %d of them, %v", from, len(frames), err)
		}
		return frames
	}
	check := func(frames [][]byte, from uint64) {
		t.Helper()
		for i, f := range frames {
			seq := from + uint64(i)
			if want := bytes.Repeat([]byte{byte(seq)}, int(1+seq%100)); !bytes.Equal(f, want) {
				t.Fatalf("frame %d was written over", seq)
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

// A directory that isn't there, or is no directory, is an error at once.
func TestStoreNeedsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(t.TempDir(), "nothing"), file} {
		_, err := openSpill(dir, 7, 100, 1<<30)
		if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "name a directory") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// A disk that is full fails a write, and says so.
func TestStoreOnAFullDisk(t *testing.T) {
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
