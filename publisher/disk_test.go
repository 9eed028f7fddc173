package publisher_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
)

// spill publishes until the publisher takes no more, some hundreds of ms long, and
// returns how many messages it took, dropped ones among them, and how many it dropped.
func (p *pair) spill(most int) (taken, dropped int) {
	p.Helper()
	for start := time.Now(); taken < most && time.Since(start) < time.Second; {
		switch _, err := p.pub.TryPublish(message(taken)); err {
		case publisher.ErrDropped:
			dropped++
			taken++
		case nil:
			taken++
		case publisher.ErrFull:
		default:
			p.Fatal(err)
		}
		time.Sleep(200 * time.Microsecond) // of the bubble's time; the disk takes none
	}
	return taken, dropped
}

// brokenFile fails from some write on, or brings back other bytes than were written.
type brokenFile struct {
	publisher.DiskFile
	left *int // writes that it still does; negative: all
	harm bool
}

var errBroken = errors.New("this disk is broken")

func (f brokenFile) WriteAt(b []byte, at int64) (int, error) {
	if *f.left == 0 {
		return 0, errBroken
	}
	*f.left--
	return f.DiskFile.WriteAt(b, at)
}

func (f brokenFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.DiskFile.ReadAt(b, at)
	if f.harm {
		b[len(b)/2] ^= 1
	}
	return n, err
}

// A disk that can't be written to any more is said to be so, once; what was written
// comes back, and the publisher goes on with its memory, dropping or waiting as it was
// told to.
func TestADiskThatFails(t *testing.T) {
	for _, full := range []publisher.WhenFull{publisher.Block, publisher.Drop} {
		synctest.Test(t, func(t *testing.T) {
			writes := 3
			wantFailure(t, full, "this disk is broken", publisher.Config{Retention: publisher.Retention{Dir: t.TempDir()}, Flow: publisher.Flow{WhenFull: full}}.WithFiles(func(f publisher.DiskFile) publisher.DiskFile {
				return brokenFile{f, &writes, false}
			}))
		})
	}
}

// wantFailure runs a publisher whose disk fails at some time.
func wantFailure(t *testing.T, full publisher.WhenFull, why string, cfg publisher.Config) {
	t.Helper()
	const most = 4000
	cfg.Retention.Memory, cfg.Retention.Disk = 256<<10, 64<<20
	p := newPair(t, cfg)
	taken, dropped := p.spill(most)
	st := p.pub.Stats()
	if st.DiskErrors != 1 || p.log.count("nothing is written to disk any more") != 1 || p.log.count(why) != 1 {
		t.Errorf("%d errors; it logged %q", st.DiskErrors, p.log.text.String())
	}
	if st.DiskWritten == 0 || (full == publisher.Drop) != (dropped > 0) || (full == publisher.Block) == (taken == most) {
		t.Errorf("%d taken, %d dropped, %d frames written", taken, dropped, st.DiskWritten)
	}
	// A producer that waits is let go on as soon as the subscriber makes room.
	done := make(chan error, 1)
	if last := message(taken); full == publisher.Block {
		taken++
		go func() {
			_, err := p.pub.Publish(t.Context(), last)
			done <- err
		}()
	} else {
		done <- nil
	}
	lost := p.take(taken)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if lost[subscriber.CauseDropped] != uint64(dropped) || len(lost) > min(dropped, 1) {
		t.Errorf("%d were dropped, and lost are %v", dropped, lost)
	}
	p.close()
}

// What comes back from disk with another checksum is lost, is said to be no longer
// held, and is logged; nothing else is lost.
func TestADiskThatForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes := -1
		p := newPair(t, publisher.Config{Retention: publisher.Retention{Memory: 256 << 10, Disk: 64 << 20, Dir: t.TempDir()}}.WithFiles(func(f publisher.DiskFile) publisher.DiskFile {
			return brokenFile{f, &writes, true}
		}))
		taken, _ := p.spill(1000)
		if taken != 1000 {
			t.Fatalf("%d were taken", taken)
		}
		lost := p.take(taken)
		if len(lost) != 1 || lost[subscriber.CauseGone] == 0 || lost[subscriber.CauseGone] == uint64(taken) {
			t.Errorf("lost %v", lost)
		}
		if p.log.count("messages can't be read from disk") == 0 || p.log.count("checksum") == 0 {
			t.Errorf("it logged %q", p.log.text.String())
		}
		p.close()
	})
}
