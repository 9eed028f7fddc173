package checker_test

import (
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/testnet/disk"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// recorded plays a publisher and a recorder that misses some frames, and ends a dozen times by a
// kill or a loss of power; meddle does what it likes besides.
func recorded(t *testing.T, seed uint64, mode journal.FsyncMode, change func(*story.Scribe),
	meddle func(*story.Story, *world.Recorder)) (*world.Recorder, error) {
	t.Helper()
	s := story.New(t, seed)
	d := disk.New(seed)
	d.Speed = disk.Speed{Bytes: 20e6, Op: 20 * time.Microsecond, Sync: 2 * time.Millisecond}
	r, err := s.AddRecorder(world.RecorderConfig{
		Subscriber: world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.02}),
			Up: story.Near(nil)},
		Log: journal.Config{Segment: 64 << 10, Fsync: journal.Fsync{Mode: mode,
			Every: 10 * time.Millisecond}},
		Disk: d, New: story.NewScribe(change),
	})
	if err != nil {
		t.Fatal(err)
	}
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
	story.Every(s.World, 100*story.Milli, story.Milli/2, 2000,
		func(int) { pub.Publish(make([]byte, 900)) })
	rand := nack.NewRand(seed, 3)
	for range 12 {
		at := 100*story.Milli + reliable.Time(rand.Below(uint64(1000*story.Milli)))
		die := r.Crash
		if rand.Below(2) == 0 {
			die = r.LosePower
		}
		s.At(at, die)
		s.At(at.Add(time.Duration(rand.Below(uint64(20*time.Millisecond)))), r.Restart)
	}
	if meddle != nil {
		meddle(s, r)
	}
	if err := s.Run(2000 * story.Milli); err != nil {
		return r, err
	}
	return r, s.Checker.Finish(1200 * story.Milli)
}

var modes = []journal.FsyncMode{journal.FsyncEach, journal.FsyncInterval, journal.FsyncNone}

func TestALogOutlivesItsRecorder(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		for _, mode := range modes {
			r, err := recorded(t, seed, mode, nil, nil)
			if err != nil {
				t.Fatalf("seed %d, mode %v: %v", seed, mode, err)
			}
			if st := r.Log().States(); len(st) != 1 || st[0].Next.Seq < 500 {
				t.Errorf("seed %d, mode %v: %+v", seed, mode, st)
			}
		}
	}
}

// Each way in which a recorder may break its promise is seen.
func TestABrokenRecorderIsCaught(t *testing.T) {
	for _, c := range []struct {
		name, want string
		mode       journal.FsyncMode
		change     func(*story.Scribe)
		meddle     func(*story.Story, *world.Recorder)
	}{
		{"written too early", "it says that it has written", journal.FsyncEach,
			func(s *story.Scribe) {
				s.Tell = func(f *frame.Frame) { f.Digest.Written += 3 }
			}, nil},
		{"synced too early", "it says that it has written", journal.FsyncNone,
			func(s *story.Scribe) {
				s.Tell = func(f *frame.Frame) { f.Digest.Synced = f.Digest.Written }
			}, nil},
		{"other bytes", "with other bytes", journal.FsyncEach, func(s *story.Scribe) {
			s.Job = func(job *journal.Job) {
				if job.Records[0].Data != nil {
					job.Records[0].Data[40] ^= 1
				}
			}
		}, nil},
		{"a flipped bit", "", journal.FsyncEach, nil, func(s *story.Story, r *world.Recorder) {
			story.Every(s.World, 400*story.Milli, 40*story.Milli, 10, func(int) { r.Flip() })
		}},
		{"a bit flipped by nobody", "had said that all below", journal.FsyncEach, nil,
			func(s *story.Story, r *world.Recorder) {
				story.Every(s.World, 400*story.Milli, 40*story.Milli, 10, func(int) {
					r.Disk().FlipAny()
				})
			}},
		{"a disk that lies", "had said that it is safe", journal.FsyncEach, nil,
			func(s *story.Story, r *world.Recorder) {
				story.Every(s.World, 400*story.Milli, 40*story.Milli, 10, func(int) {
					list, _ := r.Disk().List()
					for _, e := range list {
						if strings.HasSuffix(e.Name, ".seg") && r.Log() == nil {
							r.Disk().Remove(e.Name)
						}
					}
				})
			}},
	} {
		_, err := recorded(t, 2, c.mode, c.change, c.meddle)
		if c.want == "" && err != nil || c.want != "" && (err == nil ||
			!strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
