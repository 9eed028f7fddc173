package files

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/journal"
)

var benchDir = flag.String("files.dir", "", "the directory for the logs of benchmarks")

func place(b testing.TB) string {
	if *benchDir == "" {
		return b.TempDir()
	}
	dir, err := os.MkdirTemp(*benchDir, "journal-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// stream makes the records of a stream of full frames that carry messages of 1 KiB.
type stream struct {
	job journal.Job
}

const (
	frameSize = 1401
	perBlock  = journal.MaxBlock / frameSize
)

func newStream() *stream {
	s := &stream{}
	r := journal.Record{Data: make([]byte, perBlock*frameSize), Sizes: make([]int32, perBlock)}
	for i := range r.Data {
		r.Data[i] = byte(i * 31)
	}
	for i := range r.Sizes {
		r.Sizes[i] = frameSize
	}
	s.job = journal.Job{Key: journal.Key{Session: 1}, Records: []journal.Record{r}}
	return s
}

// next makes the job append the next block.
func (s *stream) next() *journal.Job {
	r := &s.job.Records[0]
	seq := r.Frames.To
	r.Frames = nack.Range{From: seq, To: seq + perBlock}
	r.Offset, r.EndOffset = seq*frameSize/1024, (seq+perBlock)*frameSize/1024
	return &s.job
}

// dd writes as many bytes as dd does with blocks of 1 MiB, and returns its rate in bytes a
// second.
func dd(b testing.TB, dir string, bytes int64) float64 {
	path := filepath.Join(dir, "dd")
	count := max(1, bytes>>20)
	begun := time.Now()
	out, err := exec.Command("dd", "if=/dev/zero", "of="+path, "bs=1M",
		fmt.Sprint("count=", count)).CombinedOutput()
	took := time.Since(begun)
	os.Remove(path)
	if err != nil {
		b.Skipf("dd: %v: %s", err, out)
	}
	return float64(count<<20) / took.Seconds()
}

// BenchmarkAppend appends blocks of full frames to a log of 100 MiB and one of 10 GiB (or
// as much as the run writes), beside dd.
func BenchmarkAppend(b *testing.B) {
	for _, keep := range []int64{100 << 20, 10 << 30} {
		b.Run(fmt.Sprintf("keep=%dMiB", keep>>20), func(b *testing.B) {
			dir := place(b)
			d, err := Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			l, _, err := journal.Open(d, journal.Config{Keep: journal.Keep{Bytes: keep},
				Fsync: journal.Fsync{Mode: journal.FsyncNone}}, 1)
			if err != nil {
				b.Fatal(err)
			}
			s := newStream()
			b.SetBytes(perBlock * frameSize)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if r := l.Do(s.next(), 1); r.Err != nil {
					b.Fatal(r.Err)
				}
			}
			b.StopTimer()
			ours := float64(b.N*perBlock*frameSize) / b.Elapsed().Seconds()
			l.Close()
			d.Close()
			os.RemoveAll(dir)
			os.Mkdir(dir, 0o755)
			theirs := dd(b, dir, int64(b.N)*perBlock*frameSize)
			b.ReportMetric(theirs/1e6, "dd-MB/s")
			b.ReportMetric(ours/theirs, "of-dd")
		})
	}
}
