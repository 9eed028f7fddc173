package files

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"crier/nack"
	"crier/reliable/journal"
)

var (
	benchDir = flag.String("files.dir", "", "the directory for the logs of benchmarks")
	large    = flag.Bool("files.large", false, "measure a log of 10 GiB")
)

// place returns a directory for a log.
func place(b testing.TB) string {
	dir, err := os.MkdirTemp(*benchDir, "journal-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// stream makes the records of a stream of full frames, which carry messages of 1 KiB.
type stream struct {
	job  journal.Job
	next uint64
}

const (
	frameSize = 1401
	perBlock  = journal.MaxBlock / frameSize
	blockSize = perBlock * frameSize
)

// newStream returns a stream that hands so many blocks at once.
func newStream(blocks int) *stream {
	s := &stream{job: journal.Job{Key: journal.Key{Session: 1}}}
	for range blocks {
		r := journal.Record{Data: make([]byte, blockSize), Sizes: make([]int32, perBlock)}
		for i := range r.Data {
			r.Data[i] = byte(i * 31)
		}
		for i := range r.Sizes {
			r.Sizes[i] = frameSize
		}
		s.job.Records = append(s.job.Records, r)
	}
	return s
}

// A rate is in bytes a second, of time that passed and of a processor's time. On a machine
// with other work the second is the one to trust.
type rate struct{ wall, cpu float64 }

// used returns the processor time that this process has used.
func used() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// write appends the next blocks, of so many bytes together.
func (s *stream) write(b testing.TB, l *journal.Log, bytes int64) rate {
	begun, cpu := time.Now(), used()
	n := int64(0)
	for ; n == 0 || n*blockSize < bytes; n += int64(len(s.job.Records)) {
		for i := range s.job.Records {
			r := &s.job.Records[i]
			r.Frames = nack.Range{From: s.next, To: s.next + perBlock}
			r.Offset, r.EndOffset = s.next*frameSize/1024, (s.next+perBlock)*frameSize/1024
			s.next += perBlock
		}
		if res := l.Do(&s.job, 1); res.Err != nil {
			b.Fatal(res.Err)
		}
	}
	size := float64(n * blockSize)
	return rate{size / time.Since(begun).Seconds(), size / (used() - cpu).Seconds()}
}

// dd writes as many bytes with blocks of 1 MiB.
func dd(b testing.TB, dir string, bytes int64) rate {
	path := filepath.Join(dir, "dd")
	count := max(1, bytes>>20)
	begun := time.Now()
	cmd := exec.Command("dd", "if=/dev/zero", "of="+path, "bs=1M", fmt.Sprint("count=", count))
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	os.Remove(path)
	if err != nil {
		b.Skipf("dd: %v: %s", err, out)
	}
	cpu := cmd.ProcessState.SystemTime() + cmd.ProcessState.UserTime()
	size := float64(count << 20)
	return rate{size / took.Seconds(), size / cpu.Seconds()}
}

func open(b testing.TB, dir string, cfg journal.Config) (*Dir, *journal.Log) {
	d, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	l, _, err := journal.Open(d, cfg, 1)
	if err != nil {
		b.Fatal(err)
	}
	return d, l
}

// median returns the medians of rates.
func median(list []rate) rate {
	of := func(f func(rate) float64) float64 {
		all := make([]float64, len(list))
		for i, r := range list {
			all[i] = f(r)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return rate{
		of(func(r rate) float64 { return r.wall }), of(func(r rate) float64 { return r.cpu }),
	}
}

// BenchmarkAppend appends blocks of full frames to a new log, one or four a job, and lets dd
// write as much, in turn. Give the directory with -files.dir, and -cpu 1.
func BenchmarkAppend(b *testing.B) {
	for _, blocks := range []int{1, 4} {
		b.Run(fmt.Sprintf("blocks=%d", blocks), func(b *testing.B) { benchAppend(b, blocks) })
	}
}

func benchAppend(b *testing.B, blocks int) {
	const size = 256 << 20
	var ours, theirs []rate
	for range b.N {
		dir := place(b)
		theirs = append(theirs, dd(b, dir, size))
		d, l := open(b, dir, journal.Config{Fsync: journal.Fsync{Mode: journal.FsyncNone}})
		ours = append(ours, newStream(blocks).write(b, l, size))
		l.Close()
		d.Close()
		os.RemoveAll(dir)
	}
	b.ReportMetric(0, "ns/op")
	o, t := median(ours), median(theirs)
	b.ReportMetric(o.wall/1e6, "MB/s")
	b.ReportMetric(t.wall/1e6, "dd-MB/s")
	b.ReportMetric(o.wall/t.wall, "of-dd")
	b.ReportMetric(o.cpu/1e6, "MB/cpu-s")
	b.ReportMetric(o.cpu/t.cpu, "of-dd-cpu")
}

// BenchmarkRead reads all frames of a log of 256 MiB, 256 at a time.
func BenchmarkRead(b *testing.B) {
	const size = 256 << 20
	d, l := open(b, place(b), journal.Config{Fsync: journal.Fsync{Mode: journal.FsyncNone}})
	defer d.Close()
	s := newStream(1)
	s.write(b, l, size)
	job := journal.Job{Key: s.job.Key}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for at := uint64(0); at < s.next; at = job.Read.To {
			job.Read = nack.Range{From: at, To: min(at+256, s.next)}
			r := l.Do(&job, 1)
			if r.Err != nil || r.Read.Len() == 0 || r.Frames[0] == nil {
				b.Fatal(r.Err, r.Read)
			}
			job.Buffer, job.Read.To = r.Buffer, r.Read.To
		}
	}
}

// TestLarge measures a log of 10 GiB: appending beside one of 100 MiB, and opening after the
// process was killed.
func TestLarge(t *testing.T) {
	if !*large {
		t.Skip("it writes 10 GiB: -files.large")
	}
	const size, part = 10 << 30, 512 << 20
	place := place(t)
	small, big := filepath.Join(place, "small"), filepath.Join(place, "big")
	none := journal.Fsync{Mode: journal.FsyncNone}
	d, l := open(t, big, journal.Config{Keep: journal.Keep{Bytes: size}, Fsync: none})
	s := newStream(1)
	t.Logf("filling it: %.0f MB/s", s.write(t, l, size-part).wall/1e6)
	exec.Command("sync", "-f", big).Run()
	var bigs, smalls []rate
	for range 9 {
		sd, sl := open(t, small, journal.Config{Keep: journal.Keep{Bytes: 100 << 20}, Fsync: none})
		ss := newStream(1)
		ss.write(t, sl, 100<<20)
		smalls = append(smalls, ss.write(t, sl, part))
		sl.Close()
		sd.Close()
		os.RemoveAll(small)
		exec.Command("sync", "-f", big).Run()
		bigs = append(bigs, s.write(t, l, part))
		exec.Command("sync", "-f", big).Run()
	}
	a, b := median(bigs), median(smalls)
	t.Logf("appending with 10 GiB kept: %.0f MB/s; with 100 MiB: %.0f MB/s; %.3f of it, "+
		"%.3f by processor time", a.wall/1e6, b.wall/1e6, a.wall/b.wall, a.cpu/b.cpu)
	// It isn't closed, as a process that is killed doesn't.
	d.Close()
	for _, what := range []string{"killed", "closed"} {
		begun := time.Now()
		d, err := Open(big)
		if err != nil {
			t.Fatal(err)
		}
		cfg := journal.Config{Keep: journal.Keep{Bytes: size}, Fsync: none}
		l, report, err := journal.Open(d, cfg, 1)
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(begun)
		state := l.States()[0]
		t.Logf("opened what was %s: %v, %d bytes read of %d", what, took, report.Scanned,
			state.Bytes)
		if state.Next.Seq != s.next || report.Scanned > 100<<20 {
			t.Errorf("%+v after %v", state, took)
		}
		l.Close()
		d.Close()
	}
}
