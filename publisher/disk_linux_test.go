package publisher_test

import (
	"syscall"
	"testing"
	"testing/synctest"

	"crier/publisher"
)

// A full disk counts as a failing one.
func TestFullDisk(t *testing.T) {
	for _, full := range []publisher.WhenFull{publisher.Block, publisher.Drop} {
		dir := t.TempDir()
		if err := syscall.Mount("crier-test", dir, "tmpfs", 0, "size=512k"); err != nil {
			t.Skipf("a small disk can't be mounted here (%v): run this test as root", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			wantFailure(t, full, "no space left on device", publisher.Config{
				Retention: publisher.Retention{DiskDir: dir},
				Flow:      publisher.Flow{WhenFull: full},
			})
		})
	}
}

// On a full disk the stream goes on. A log of one segment says that it lacks what comes then;
// one of several lets go of its oldest, and has the newest.
func TestRecordOnAFullDisk(t *testing.T) {
	for _, keep := range []int64{0, 4 << 20} {
		dir := t.TempDir()
		if err := syscall.Mount("crier-test", dir, "tmpfs", 0, "size=1m"); err != nil {
			t.Skipf("a small disk can't be mounted here (%v): run this test as root", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			l := newLogging(t)
			p := l.Publisher(publisher.Config{
				Record:    publisher.Record{Dir: dir, Keep: publisher.Keep{Bytes: keep}},
				Retention: publisher.Retention{ResendBuffer: 64 << 10}})
			publishes(t, p, 0, 3000)
			missed := p.Stats().Disk.Missed
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			frames, _, state := readBack(t, dir)
			has := 0
			for _, f := range frames {
				if f != nil {
					has++
				}
			}
			const fits = 1 << 20 / 1400
			if keep == 0 {
				if lacks := p.Stats().Disk.Missed; lacks != uint64(3000-has) {
					t.Errorf("%d frames are missed, and %d are there of 3,000", lacks, has)
				}
				if state.Oldest.Seq != 0 || has < fits*9/10 || has > fits*11/10 ||
					l.log.count("log can't be written") != 1 ||
					l.log.count("no space left on device") == 0 {
					t.Errorf("%d frames from %d on; %q", has, state.Oldest.Seq, l.log.text.String())
				}
			} else if state.Next.Seq != 3000 || missed > 0 || has < fits/2 ||
				state.Ended == nil || l.log.count("made room") != 1 {
				t.Errorf("%d frames up to %d, %d missed; %q", has, state.Next.Seq, missed,
					l.log.text.String())
			}
			l.Close()
		})
	}
}
