package publisher

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crier/nack"
	"crier/reliable/journal"
)

// spilling opens a disk part of so many bytes, and returns the files as they are created.
func spilling(t *testing.T, disk int64) (*kept, string, *[]journal.File) {
	t.Helper()
	var list []journal.File
	cfg := Config{Session: 7, Retention: Retention{Disk: disk, DiskDir: t.TempDir()},
		wrap: func(f journal.File) journal.File {
			list = append(list, f)
			return f
		}}
	cfg.setDefaults()
	cfg.Datagram = 1472
	k, err := openSpill(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k, cfg.Retention.DiskDir, &list
}

// does has a job done.
func (k *kept) does(job *journal.Job) *journal.Result {
	done := make(chan *journal.Result)
	k.Start(job, func(res *journal.Result) { done <- res })
	return <-done
}

// The files never exceed their bound while a subscriber that is behind still needs frames,
// however large they are, and nothing of them is seen or left.
func TestSpillStaysWithinItsBound(t *testing.T) {
	for _, size := range []int{122, 1401} {
		for _, disk := range []int64{64 << 10, 1 << 20, 3_333_333} {
			k, dir, list := spilling(t, disk)
			key := journal.Key{Session: 7}
			block := int(min(journal.MaxBlock, max(k.room/64, int64(size)))) / size
			block = min(block, journal.MaxFrames)
			held, most := int64(0), int64(0)
			var blocks []int64
			low := uint64(0) // of the block that is trimmed next
			seq := uint64(0)
			for range 1000 {
				for n := journal.BlockSize(block, block*size); held+n > k.room; {
					held -= blocks[0]
					blocks, low = blocks[1:], low+uint64(block)
				}
				job := &journal.Job{Key: key, Trim: low, Records: []journal.Record{{
					Frames: nack.Range{From: seq, To: seq + uint64(block)},
					Data:   make([]byte, block*size), Sizes: make([]int32, block),
				}}}
				for i := range job.Records[0].Sizes {
					job.Records[0].Sizes[i] = int32(size)
				}
				res := k.does(job)
				if res.Err != nil {
					t.Fatalf("frames of %d bytes in %d, at %d: %v", size, disk, seq, res.Err)
				}
				seq = job.Records[0].Frames.To
				n := journal.BlockSize(block, block*size)
				held, blocks = held+n, append(blocks, n)
				sum := int64(0)
				for _, f := range *list {
					if size, err := f.Size(); err == nil {
						sum += size
					}
				}
				most = max(most, sum)
				if sum > disk {
					t.Fatalf("frames of %d bytes: the files have %d bytes, of %d", size, sum, disk)
				}
			}
			if most < k.room {
				t.Errorf("frames of %d bytes: the files have %d bytes at most, of %d", size, most,
					disk)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("files can be seen: %v, %v", left, err)
			}
			k.close()
		}
	}
}

// A disk part that is too small for its segments is refused, with the size that would do.
func TestSpillNeedsRoomForSegments(t *testing.T) {
	cfg := Config{Retention: Retention{Disk: 1000, DiskDir: t.TempDir()}, Datagram: 1472}
	if _, err := openSpill(&cfg); err == nil || !strings.Contains(err.Error(), "65536") {
		t.Errorf("a disk part of 1,000 bytes: %v", err)
	}
}

// Opening fails if the directory doesn't exist or is a file.
func TestSpillNeedsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(t.TempDir(), "nothing"), file} {
		cfg := Config{Retention: Retention{Disk: 1 << 20, DiskDir: dir}, Datagram: 1472}
		_, err := openSpill(&cfg)
		if err == nil || !strings.Contains(err.Error(), dir) ||
			!strings.Contains(err.Error(), "name a directory") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
