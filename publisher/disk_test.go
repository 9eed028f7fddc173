package publisher_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/reliable/journal"
	"crier/subscriber"
)

// spill publishes up to most messages, for at most a second. It returns the number of
// messages that the publisher took, including dropped ones, and the number of dropped ones.
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
		time.Sleep(200 * time.Microsecond) // fake time; the disk needs none
	}
	return taken, dropped
}

// brokenFile fails from some write on, or damages the bytes that it reads.
type brokenFile struct {
	journal.File
	// left is the number of writes before it fails, or negative if it never fails.
	left *int
	// harm damages reads.
	harm bool
}

var errBroken = errors.New("this disk is broken")

func (f brokenFile) Append(at int64, pieces ...[]byte) error {
	if *f.left == 0 {
		return errBroken
	}
	*f.left--
	return f.File.Append(at, pieces...)
}

func (f brokenFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(b, at)
	if f.harm {
		b[len(b)/2] ^= 1
	}
	return n, err
}

// A failure to write to disk is logged once. The written frames can still be read, and the
// publisher goes on with its memory, and drops messages or waits as configured.
func TestFailingDisk(t *testing.T) {
	for _, full := range []publisher.WhenFull{publisher.Block, publisher.Drop} {
		synctest.Test(t, func(t *testing.T) {
			writes := 3
			cfg := publisher.Config{
				Retention: publisher.Retention{DiskDir: t.TempDir()},
				Flow:      publisher.Flow{WhenFull: full},
			}
			wantFailure(t, full, "this disk is broken",
				cfg.WithFiles(func(f journal.File) journal.File {
					return brokenFile{f, &writes, false}
				}))
		})
	}
}

// wantFailure runs a publisher whose disk fails to write at some time, for the reason why.
func wantFailure(t *testing.T, full publisher.WhenFull, why string, cfg publisher.Config) {
	t.Helper()
	const most = 4000
	cfg.Retention.ResendBuffer, cfg.Retention.Disk = 256<<10, 64<<20
	p := newPair(t, cfg)
	taken, dropped := p.spill(most)
	st := p.pub.Stats()
	if st.Disk.Errors != 1 || p.log.count("nothing is written to disk any more") != 1 ||
		p.log.count(why) != 1 {
		t.Errorf("%d errors; the log is %q", st.Disk.Errors, p.log.text.String())
	}
	if st.Disk.Written == 0 || (full == publisher.Drop) != (dropped > 0) ||
		(full == publisher.Block) == (taken == most) {
		t.Errorf("%d taken, %d dropped, %d frames written", taken, dropped, st.Disk.Written)
	}
	// A waiting producer continues as soon as the subscriber makes room.
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
		t.Errorf("%d messages were dropped, and the losses are %v", dropped, lost)
	}
	p.close()
}

// A frame that can't be read from disk is reported gone, and logged. No other message is
// lost.
func TestDamagedDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes := -1
		kept := publisher.Retention{ResendBuffer: 256 << 10, Disk: 64 << 20, DiskDir: t.TempDir()}
		cfg := publisher.Config{Retention: kept}
		p := newPair(t, cfg.WithFiles(func(f journal.File) journal.File {
			return brokenFile{f, &writes, true}
		}))
		taken, _ := p.spill(1000)
		if taken != 1000 {
			t.Fatalf("%d were taken", taken)
		}
		lost := p.take(taken)
		if len(lost) != 1 || lost[subscriber.CauseGone] == 0 ||
			lost[subscriber.CauseGone] == uint64(taken) {
			t.Errorf("lost %v", lost)
		}
		if p.log.count("messages can't be read from disk") == 0 || p.log.count("are damaged") == 0 {
			t.Errorf("the log is %q", p.log.text.String())
		}
		p.close()
	})
}
