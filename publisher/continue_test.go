package publisher_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/subscriber"
	"crier/testnet/lan"
	"crier/testnet/link"
	"crier/testnet/rig"
)

var continueGroup = netip.MustParseAddrPort("239.77.1.8:17800")

// restarts is a LAN on which publishers of one name crash and start again, beside a subscriber.
type restarts struct {
	*rig.LAN
	t      *testing.T
	sub    *subscriber.Subscriber
	events []subscriber.Event
	done   chan struct{}
	near   *lan.Host
}

// restarting runs a test on a LAN; with a subscriber if heard is set.
func restarting(t *testing.T, heard bool, test func(r *restarts)) {
	synctest.Test(t, func(t *testing.T) {
		r := &restarts{LAN: rig.NewLAN(t, link.Config{}, 1), t: t, done: make(chan struct{})}
		defer r.Close()
		r.near = r.Host(20)
		if heard {
			r.sub = r.Subscriber(r.near, subscriber.Config{
				Groups: []netip.AddrPort{continueGroup}})
			go func() {
				defer close(r.done)
				for ev := range r.sub.Messages(context.Background()) {
					ev.Payload = bytes.Clone(ev.Payload)
					r.events = append(r.events, ev)
				}
			}()
		}
		test(r)
		if heard {
			r.sub.Close()
			<-r.done
		}
	})
}

// open opens a publisher on a host.
func (r *restarts) open(host *lan.Host, cfg publisher.Config) (*publisher.Publisher, error) {
	cfg.Link.Network, cfg.Interface, cfg.Logger = host, "eth0", r.Log
	cfg.Group, cfg.Retention.ResendBuffer = continueGroup, 1<<20
	if cfg.Name == "" {
		cfg.Name = "trades"
	}
	return publisher.New(cfg)
}

// publish opens a publisher that publishes so many messages, which are all delivered.
func (r *restarts) publish(host *lan.Host, count int, cfg publisher.Config) *publisher.Publisher {
	r.t.Helper()
	p, err := r.open(host, cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := range count {
		if _, err := p.Publish(context.Background(), fmt.Appendf(nil, "%d", i)); err != nil {
			r.t.Fatal(err)
		}
	}
	time.Sleep(time.Second)
	return p
}

// crash ends a publisher on the publisher's host, so that nobody hears it any more.
func (r *restarts) crash(p *publisher.Publisher) {
	r.Way(r.near).SetDown(true)
	p.Close()
}

// offsets returns the offsets that were delivered of a session.
func (r *restarts) offsets(id publisher.SessionID) (list []uint64) {
	for _, ev := range r.events {
		if ev.Kind == subscriber.Message && ev.Session == id {
			list = append(list, ev.Offset)
		}
	}
	return list
}

// A publisher that crashed goes on behind the last message that a subscriber knows of, once
// that doesn't hear the old one any more. The new session names the old one.
func TestARestartGoesOn(t *testing.T) {
	restarting(t, true, func(r *restarts) {
		first := r.publish(r.Pub, 20, publisher.Config{})
		r.crash(first)
		began := time.Now()
		second := r.publish(r.Host(2), 10, publisher.Config{Continue: publisher.ContinueAlways})
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("it took %v", took)
		}
		prev := second.Previous()
		if prev.Session != first.Session() || prev.Offset != 20 || prev.Publisher != "trades" {
			t.Errorf("it goes on behind %+v, want session %v to 20", prev, first.Session())
		}
		second.Close()
		r.sub.Close()
		<-r.done
		if a := r.offsets(first.Session()); len(a) != 20 || a[19] != 19 {
			t.Errorf("offsets of the first session: %v", a)
		}
		if b := r.offsets(second.Session()); len(b) != 10 || b[0] != 20 || b[9] != 29 {
			t.Errorf("offsets of the second session: %v", b)
		}
		for _, ev := range r.events {
			if ev.Kind == subscriber.StreamForked || ev.Kind == subscriber.StreamContested {
				t.Errorf("%v", ev.Kind)
			}
			if ev.Session == second.Session() && ev.Title != nil &&
				ev.Title.Prev.Session != first.Session() {
				t.Errorf("the title is %+v", ev.Title)
			}
		}
	})
}

// A publisher that ended goes on at once.
func TestARestartAfterAnEnd(t *testing.T) {
	restarting(t, true, func(r *restarts) {
		first := r.publish(r.Pub, 20, publisher.Config{})
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		second, err := r.open(r.Pub, publisher.Config{Continue: publisher.ContinueOrNew})
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		took := time.Since(began)
		if took != 300*time.Millisecond || second.Previous().Offset != 20 {
			t.Errorf("it goes on behind %+v after %v", second.Previous(), took)
		}
	})
}

// While the old publisher runs, the new one doesn't begin, and says who hears the old one.
func TestARestartBesideOneThatRuns(t *testing.T) {
	restarting(t, true, func(r *restarts) {
		first := r.publish(r.Pub, 20, publisher.Config{})
		defer first.Close()
		_, err := r.open(r.Host(2), publisher.Config{Continue: publisher.ContinueOrNew})
		var running *publisher.RunningError
		if !errors.As(err, &running) || running.Session != first.Session() {
			t.Fatalf("%v", err)
		}
		if !strings.Contains(err.Error(), "still runs") {
			t.Errorf("%v", err)
		}
	})
}

// Without a subscriber, the publisher that runs is heard itself.
func TestARestartHearsTheOneThatRuns(t *testing.T) {
	restarting(t, false, func(r *restarts) {
		first := r.publish(r.Pub, 3, publisher.Config{})
		defer first.Close()
		_, err := r.open(r.Host(2), publisher.Config{Continue: publisher.ContinueOrNew})
		var running *publisher.RunningError
		if !errors.As(err, &running) || running.Role != "publisher" ||
			running.Witness != first.LocalAddr() {
			t.Errorf("%v", err)
		}
	})
}

// Where nobody knows the end, a publisher says so, or begins anew if it may.
func TestARestartThatNobodyKnows(t *testing.T) {
	restarting(t, false, func(r *restarts) {
		_, err := r.open(r.Pub, publisher.Config{Continue: publisher.ContinueAlways})
		var unknown *publisher.EndUnknownError
		if !errors.As(err, &unknown) || unknown.Name != "trades" {
			t.Errorf("%v", err)
		}
		p, err := r.open(r.Pub, publisher.Config{Continue: publisher.ContinueOrNew, FirstOffset: 7})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if offset, err := p.Publish(t.Context(), []byte("x")); offset != 7 || err != nil ||
			p.Previous() != (publisher.Previous{}) {
			t.Errorf("the first offset is %d, %v", offset, err)
		}
		cfg := publisher.Config{Continue: publisher.ContinueAlways, Group: continueGroup}
		cfg.Link.Network, cfg.Interface = r.Pub, "eth0"
		var wrong *config.Error
		if _, err := publisher.New(cfg); !errors.As(err, &wrong) || wrong.Field != "Name" {
			t.Errorf("without a name: %v", err)
		}
	})
}

// The publisher's own log tells the end, though nobody listened.
func TestARestartByTheOwnLog(t *testing.T) {
	dir := t.TempDir()
	restarting(t, false, func(r *restarts) {
		record := publisher.Record{Dir: dir}
		first := r.publish(r.Pub, 20, publisher.Config{Record: record})
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second, err := r.open(r.Pub,
			publisher.Config{Record: record, Continue: publisher.ContinueAlways})
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		if p := second.Previous(); p.Session != first.Session() || p.Offset != 20 {
			t.Errorf("it goes on behind %+v", p)
		}
	})
}

// Two publishers of one name are told to the application and to both, and never merged.
func TestTwoPublishersOfOneName(t *testing.T) {
	restarting(t, true, func(r *restarts) {
		var said bytes.Buffer
		r.Log = slog.New(slog.NewTextHandler(&said, nil))
		a := r.publish(r.Pub, 5, publisher.Config{})
		b := r.publish(r.Host(2), 4, publisher.Config{})
		time.Sleep(5 * time.Second)
		if a.Stats().Rivals == 0 || b.Stats().Rivals == 0 {
			t.Errorf("%d and %d reports", a.Stats().Rivals, b.Stats().Rivals)
		}
		a.Close()
		b.Close()
		r.sub.Close()
		<-r.done
		if n := strings.Count(said.String(), "another publisher of the same name"); n != 2 {
			t.Errorf("%d warnings: %s", n, &said)
		}
		contests := 0
		for _, ev := range r.events {
			if ev.Kind == subscriber.StreamContested {
				contests++
			}
		}
		if contests != 1 || len(r.offsets(a.Session())) != 5 || len(r.offsets(b.Session())) != 4 {
			t.Errorf("%d contests, %v and %v", contests, r.offsets(a.Session()),
				r.offsets(b.Session()))
		}
	})
}

// What a stranger's DIGEST can do to a restart: it gives an offset, unless recorders are named;
// it can't give more than a session can have; and its word that the old publisher lives holds the
// new one for five seconds, and is named.
func TestAStrangersDigest(t *testing.T) {
	const forged = 1_000_000
	for _, c := range []struct {
		name    string
		next    uint64
		flags   frame.Flags
		trusted bool
		want    uint64
		running bool
	}{
		{"a later end is believed", forged, 0, false, forged, false},
		{"but not where recorders are named", forged, 0, true, 0, false},
		{"an end that no session can have isn't", 1 << 62, 0, false, 20, false},
		{"its word that the old one lives is believed", 20, frame.Live, false, 0, true},
		{"but not where recorders are named", 20, frame.Live, true, 0, false},
	} {
		restarting(t, true, func(r *restarts) {
			first := r.publish(r.Pub, 20, publisher.Config{})
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			stranger, err := r.Host(66).Socket(multicast.SocketConfig{
				Interface: "eth0", Group: continueGroup, TTL: 1, Logger: rig.Quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer stranger.Close()
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				var e frame.Encoder
				for {
					select {
					case <-stop:
						return
					case <-time.After(50 * time.Millisecond):
					}
					b := e.Append(nil, &frame.Frame{Kind: frame.Digest, Flags: c.flags,
						Session: uint64(first.Session()), Responder: 5, Name: []byte("trades"),
						NextSeq: c.next, NextOffset: c.next,
						Digest: &frame.DigestBody{Role: frame.Recorder, Position: c.next,
							To: c.next, Wall: time.Now().Add(-time.Minute).UnixNano()}})
					_, _ = stranger.Write(continueGroup, b, len(b))
				}
			}()
			cfg := publisher.Config{Continue: publisher.ContinueOrNew}
			if c.trusted {
				cfg.Recorders = []netip.Addr{netip.MustParseAddr("10.77.0.99")}
			}
			began := time.Now()
			second, err := r.open(r.Pub, cfg)
			var running *publisher.RunningError
			if c.running != errors.As(err, &running) || !c.running && err != nil {
				t.Fatalf("%s, %d: %v", c.name, c.next, err)
			}
			if c.running {
				if running.Witness.Addr() != stranger.LocalAddr().Addr() ||
					time.Since(began) > 6*time.Second {
					t.Errorf("%s: %v after %v", c.name, err, time.Since(began))
				}
				return
			}
			defer second.Close()
			if got := second.Previous().Offset; got != c.want {
				t.Errorf("%s, %d: it goes on at %d, want %d", c.name, c.next, got, c.want)
			}
		})
	}
}
