package publisher_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast/files"
	"crier/nack"
	"crier/publisher"
	"crier/reliable"
	"crier/reliable/journal"
	"crier/subscriber"
	"crier/subscriber/recorder"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// logging is a LAN whose log is kept.
type logging struct {
	*rig.LAN
	log logged
}

func newLogging(t *testing.T) *logging {
	t.Helper()
	way := link.Config{Delay: link.FixedDelay(100 * time.Microsecond)}
	l := &logging{LAN: rig.NewLAN(t, way, 1)}
	l.Log = slog.New(slog.NewTextHandler(&l.log, nil))
	return l
}

// publishes publishes messages from to to-1, one each 200 us.
func publishes(t *testing.T, p *publisher.Publisher, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if _, err := p.Publish(t.Context(), message(i)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// readBack reads all frames of the only tape in a log, nil where there is a hole.
func readBack(t *testing.T, dir string) (
	frames [][]byte, holes []journal.Hole, state journal.State,
) {
	t.Helper()
	opened, err := files.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	log, report, err := journal.Open(opened, journal.Config{ReadOnly: true}, time.Now().UnixNano())
	if err != nil || len(report.Findings) > 0 {
		t.Fatalf("%v, %+v", err, report)
	}
	states := log.States()
	if len(states) != 1 {
		t.Fatalf("%d sessions are in the log", len(states))
	}
	state = states[0]
	for at := state.Oldest.Seq; at < state.Next.Seq; {
		span := nack.Range{From: at, To: state.Next.Seq}
		res := log.Do(&journal.Job{Key: state.Key, Read: span}, 0)
		if res.Err != nil || res.Read.Len() == 0 {
			t.Fatalf("reading from %d on: %v", at, res.Err)
		}
		frames, at = append(frames, res.Frames...), res.Read.To
		holes = append(holes, res.Holes...)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	return frames, holes, state
}

// A log outlives its publisher. The next one on the same directory goes on with its offsets,
// and serves what the first one published to a subscriber that comes late.
func TestRecordOutlivesThePublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLogging(t), t.TempDir()
		cfg := publisher.Config{Name: "prices", Record: publisher.Record{Dir: dir},
			Retention: publisher.Retention{ResendBuffer: 64 << 10}}
		first := l.Publisher(cfg)
		publishes(t, first, 0, 1000)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		frames, _, state := readBack(t, dir)
		if len(frames) != 1000 || state.Ended == nil || state.Ended.How != reliable.EndBye ||
			state.Title.Publisher != "prices" || state.Next.Offset != 1000 {
			t.Fatalf("%d frames, %+v", len(frames), state)
		}

		cfg.Continue = publisher.ContinueAlways
		next := l.Publisher(cfg)
		if prev := next.Previous(); prev.Session != first.Session() || prev.Offset != 1000 {
			t.Errorf("it goes on behind %+v", prev)
		}
		publishes(t, next, 1000, 1500)
		sub := l.Subscriber(l.Host(2), subscriber.Config{Start: subscriber.Oldest})
		at := uint64(0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for ev := range sub.Messages(ctx) {
			switch ev.Kind {
			case subscriber.Message:
				if ev.Offset != at || string(ev.Payload) != string(message(int(at))) {
					t.Fatalf("offset %d comes in place of %d", ev.Offset, at)
				}
				at++
			case subscriber.Loss:
				t.Fatalf("%v are lost: %v", ev.Lost, ev.Cause)
			}
			if at == 1500 {
				break
			}
		}
		if at != 1500 {
			t.Errorf("%d messages came", at)
		}
		for _, err := range []error{sub.Close(), next.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
		l.Close()
	})
}

// One process at a time has a log.
func TestRecordIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, cfg := newLogging(t), publisher.Config{Record: publisher.Record{Dir: t.TempDir()}}
		p := l.Publisher(cfg)
		cfg.Link.Network, cfg.Interface = l.Pub, "eth0"
		if _, err := publisher.New(cfg); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("a second publisher gets %v", err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		l.Close()
	})
}

// A log that can't be written any more is told once. The stream goes on, and the log does once
// it can, with a hole by name.
func TestRecordOnAFailingDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir, writes := newLogging(t), t.TempDir(), 10
		cfg := publisher.Config{Record: publisher.Record{Dir: dir},
			Retention: publisher.Retention{ResendBuffer: 64 << 10}}
		p := l.Publisher(cfg.WithFiles(func(f journal.File) journal.File {
			return brokenFile{f, &writes, false}
		}))
		publishes(t, p, 0, 5000)
		writes = -1 // it is mended
		publishes(t, p, 5000, 15000)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		missed := p.Stats().Disk.Missed
		frames, holes, state := readBack(t, dir)
		lacks := uint64(0)
		for _, f := range frames {
			if f == nil {
				lacks++
			}
		}
		if missed == 0 || lacks != missed || len(holes) == 0 ||
			holes[0].Cause != reliable.CauseUnwritten || state.Next.Seq != 15000 ||
			state.Ended == nil {
			t.Errorf("%d frames of %d are missing, %d counted; %+v", lacks, len(frames), missed, state)
		}
		if l.log.count("log can't be written") != 1 || l.log.count("this disk is broken") == 0 ||
			l.log.count("is written again") != 1 || l.log.count("log lacks what left") != 1 {
			t.Errorf("the log is %q", l.log.text.String())
		}
		l.Close()
	})
}

// recorded returns a Recorder on a host.
func (l *logging) recorder(t *testing.T, host int, cfg recorder.Config) *recorder.Recorder {
	t.Helper()
	cfg.Dir, cfg.Interface, cfg.Logger = t.TempDir(), "eth0", l.Log
	cfg.Link.Network = l.Host(host)
	r, err := recorder.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Recorded returns soon after a message has come to a recorder's log.
func TestRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, want := range []publisher.Recorded{{}, {Synced: true}, {Recorders: 2}} {
			l := newLogging(t)
			p := l.Publisher(publisher.Config{Recorded: want})
			one, two := l.recorder(t, 2, recorder.Config{}), l.recorder(t, 3, recorder.Config{})
			time.Sleep(time.Second)
			for i := range 20 {
				began := time.Now()
				offset, err := p.Publish(t.Context(), message(i))
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Recorded(t.Context(), offset); err != nil {
					t.Fatalf("%+v: message %d: %v", want, i, err)
				}
				if took := time.Since(began); took < 200*time.Microsecond ||
					took > 110*time.Millisecond {
					t.Errorf("%+v: message %d is recorded after %v", want, i, took)
				}
			}
			var unpublished *publisher.UnpublishedError
			if err := p.Recorded(t.Context(), 20); !errors.As(err, &unpublished) ||
				unpublished.Next != 20 {
				t.Errorf("for a message that was not published: %v", err)
			}
			time.Sleep(time.Second)
			for _, s := range p.Subscribers() {
				if !s.Recorder || s.Written != 20 || s.Synced != 20 || s.Lag != 0 {
					t.Errorf("%+v", s)
				}
			}
			for _, err := range []error{one.Close(), two.Close(), p.Close()} {
				if err != nil {
					t.Error(err)
				}
			}
			l.Close()
		}
	})
}

// Without a recorder Recorded fails, after some time in which one may be heard.
func TestRecordedByNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogging(t)
		p := l.Publisher(publisher.Config{})
		sub := l.Subscriber(l.Host(2), subscriber.Config{})
		publishes(t, p, 0, 1)
		began := time.Now()
		var few *publisher.RecordersError
		if err := p.Recorded(t.Context(), 0); !errors.As(err, &few) || few.Needed != 1 {
			t.Errorf("Recorded returned %v", err)
		}
		if took := time.Since(began); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("after %v", took)
		}
		closed := make(chan error, 1)
		go func() { closed <- p.Recorded(t.Context(), 0) }()
		synctest.Wait()
		for _, err := range []error{sub.Close(), p.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
		if err := <-closed; err != publisher.ErrClosed {
			t.Errorf("Recorded returned %v after Close", err)
		}
		l.Close()
	})
}

// The Publisher's own log counts as a recorder.
func TestRecordedByTheOwnLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fsync := range []publisher.FsyncMode{publisher.FsyncInterval, publisher.FsyncEach} {
			l := newLogging(t)
			p := l.Publisher(publisher.Config{
				Record:   publisher.Record{Dir: t.TempDir(), Fsync: publisher.Fsync{Mode: fsync}},
				Recorded: publisher.Recorded{Synced: true}})
			publishes(t, p, 0, 10)
			began := time.Now()
			if err := p.Recorded(t.Context(), 9); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 60*time.Millisecond ||
				fsync == publisher.FsyncEach && took > 10*time.Millisecond {
				t.Errorf("synced after %v", took)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			l.Close()
		}
	})
}

// By the pace of a recorder, messages stay in the resend buffer until they are written there.
// A recorder that is gone is left out after the stall timeout.
func TestPaceOfARecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogging(t)
		var events []publisher.SubscriberEvent
		p := l.Publisher(publisher.Config{
			Retention: publisher.Retention{ResendBuffer: 64 << 10},
			Flow: publisher.Flow{Pace: publisher.Named("rec"), WaitFor: 1,
				StallTimeout: time.Second},
			OnSubscriber: func(ev publisher.SubscriberEvent) { events = append(events, ev) },
		})
		host := l.Host(2)
		rec, err := recorder.New(recorder.Config{Dir: t.TempDir(), Name: "rec",
			Interface: "eth0", Link: recorder.Link{Network: host}, Logger: l.Log})
		if err != nil {
			t.Fatal(err)
		}
		publishes(t, p, 0, 2000)
		if err := p.WaitTaken(t.Context()); err != nil {
			t.Error(err)
		}
		if s := p.Subscribers()[0]; s.State != publisher.Counted || s.Written < 1900 {
			t.Errorf("%+v", s)
		}
		l.Drop(host, "drop 1+") // it hears no more
		began := time.Now()
		for i := range 200 {
			if _, err := p.Publish(t.Context(), message(i)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 500*time.Millisecond || took > 3*time.Second {
			t.Errorf("the publisher was held for %v", took)
		}
		synctest.Wait()
		evicted := false
		for _, ev := range events {
			evicted = evicted || ev.To == publisher.Evicted
		}
		if !evicted {
			t.Errorf("the events are %+v", events)
		}
		for _, err := range []error{rec.Close(), p.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
		l.Close()
	})
}
