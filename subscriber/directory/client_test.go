package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/publisher"
	"crier/reliable/config"
	"crier/subscriber/directory"
	"crier/testnet/lan"
	"crier/testnet/lan/lantest"
)

// records keeps what is logged.
type records struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *records) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// publish opens a publisher of a topic.
func publish(n lantest.Net, host int, cfg publisher.Config) *publisher.Publisher {
	n.Helper()
	cfg.Interface, cfg.Link.Network = "eth0", n.Host(host)
	cfg.Retention.ResendBuffer = 1 << 20
	p, err := publisher.New(cfg)
	if err != nil {
		n.Fatal(err)
	}
	return p
}

func open(n lantest.Net, host int, pattern string) *directory.Client {
	n.Helper()
	c, err := directory.New(directory.Config{Pattern: pattern, Interface: "eth0",
		Link: directory.Link{Network: n.Host(host)}})
	if err != nil {
		n.Fatal(err)
	}
	return c
}

// TestTopicsAreFound finds publishers on a LAN: those that were there, one that begins, and one
// that ends, with what they are; one without announcements, or without a topic, isn't found.
func TestTopicsAreFound(t *testing.T) {
	lantest.On(t, lan.Config{}, func(n lantest.Net) {
		var log records
		orders := publish(n, 1, publisher.Config{Topic: "orders", Partitions: 4, Name: "risk",
			Logger: slog.New(slog.NewTextHandler(&log, nil))})
		quiet := publish(n, 1, publisher.Config{Topic: "quiet", NoAnnounce: true})
		plain := publish(n, 1, publisher.Config{})
		other := publish(n, 2, publisher.Config{Topic: "quotes.iex",
			Group: netip.MustParseAddrPort("239.9.9.9:9999")})
		busy, stop := context.WithCancel(n.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for busy.Err() == nil {
				orders.Publish(busy, make([]byte, 50))
				time.Sleep(10 * time.Millisecond)
			}
		}()
		time.Sleep(5 * time.Second)

		began := time.Now()
		list, err := directory.List(n.Context(), directory.Config{Interface: "eth0",
			Link: directory.Link{Network: n.Host(3)}})
		if d := time.Since(began); err != nil || d > 1500*time.Millisecond {
			n.Errorf("List took %v: %v", d, err)
		}
		if len(list) != 2 {
			n.Fatalf("%+v", list)
		}
		e := list[0]
		if e.Topic != "orders" || e.Publisher != "risk" || e.Partitions != 4 || e.Groups != 4 ||
			e.Base.IsValid() || e.Session != orders.Session() || e.Addr != orders.LocalAddr() ||
			e.Messages < 90 || e.Messages > 110 || e.Bytes < 4500 || e.Bytes > 5500 || e.PID == 0 {
			n.Errorf("%+v", e)
		}
		if e := list[1]; e.Topic != "quotes.iex" || e.Partitions != 1 ||
			e.Base != netip.MustParseAddrPort("239.9.9.9:9999") {
			n.Errorf("%+v", e)
		}

		stop()
		<-ended
		c := open(n, 3, "*.iex")
		var told []string
		ctx, cancel := context.WithCancel(n.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for change := range c.Changes(ctx) {
				if change.Kind != directory.Updated {
					told = append(told, fmt.Sprint(change.Kind, " ", change.Entry.Topic))
				}
			}
		}()
		time.Sleep(2 * time.Second)
		more := publish(n, 2, publisher.Config{Topic: "trades.iex"})
		time.Sleep(2 * time.Second)
		other.Close()
		time.Sleep(time.Second)
		cancel()
		<-done
		if want := []string{"found quotes.iex", "found trades.iex", "gone quotes.iex"}; !slices.
			Equal(told, want) {
			n.Errorf("%q, want %q", told, want)
		}
		if s := c.Stats(); s.Rows != 1 || s.ListenerStats.Publishers != 2 || s.Invalid != 0 {
			n.Errorf("%+v", s)
		}
		if s := orders.Stats().Directory; s.Announced == 0 || s.Answered == 0 || s.Publishers != 2 {
			n.Errorf("%+v", s)
		}

		twin := publish(n, 2, publisher.Config{Topic: "orders", Partitions: 2, Name: "risk"})
		time.Sleep(2 * time.Second)
		for _, words := range []string{"has the same name", "has other partitions"} {
			if !strings.Contains(log.text(), words) {
				n.Errorf("no warning that another publisher %s:\n%s", words, log.text())
			}
		}
		all := open(n, 3, "")
		if err := all.Wait(n.Context()); err != nil {
			n.Error(err)
		}
		var kinds []string
		for _, conflict := range all.Conflicts() {
			kinds = append(kinds, conflict.Kind.String())
		}
		if want := []string{"same name", "other layout"}; !slices.Equal(kinds, want) {
			n.Errorf("conflicts %q, want %q", kinds, want)
		}
		for _, closer := range []interface{ Close() error }{c, all, orders, quiet, plain, more, twin} {
			if err := closer.Close(); err != nil {
				n.Error(err)
			}
		}
		for range c.Changes(n.Context()) {
			// It ends, since the Client is closed.
		}
	})
}

// TestWrongConfigs names what is wrong.
func TestWrongConfigs(t *testing.T) {
	for _, pattern := range []string{"a,b", "\x1b", strings.Repeat("x", 256)} {
		_, err := directory.New(directory.Config{Pattern: pattern})
		var wrong *config.Error
		if !errors.As(err, &wrong) || wrong.Field != "Pattern" {
			t.Errorf("%q: %v", pattern, err)
		}
	}
	if _, err := directory.New(directory.Config{Interface: "none0"}); err == nil {
		t.Error("there is no such interface")
	}
	lantest.On(t, lan.Config{}, func(n lantest.Net) {
		ctx, cancel := context.WithCancel(n.Context())
		cancel()
		if _, err := directory.List(ctx, directory.Config{Interface: "eth0",
			Link: directory.Link{Network: n.Host(1)}}); !errors.Is(err, context.Canceled) {
			n.Errorf("%v", err)
		}
	})
}
