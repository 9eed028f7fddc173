package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/feed/feedtest"
	"crier/multicast"
	"crier/testnet/impair"
	"crier/testnet/link"
)

// A resend buffer that is far too small loses messages: they are named, with
// their cause, and nothing hangs.
func TestSmallResendBuffer(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	dir := t.TempDir()
	var subs []*tool
	for i := range 3 {
		subs = append(subs,
			startInto(t, io.Discard, nil, on(group, "sub", "--until-end", "--drop", "0.2",
				"--drop-seed", fmt.Sprint(i+1),
				"--summary", filepath.Join(dir, fmt.Sprint(i)))...).listening())
	}
	const count = 20000
	start(t, nil, on(group, "pub", "--count", fmt.Sprint(count), "--size", "1000",
		"--resend-buffer", "64KiB")...).wait(cli.ExitOK)
	for _, s := range subs {
		s.wait(cli.ExitLost)
		sum := summaryOf[subSummary](t, s.flag("--summary"))
		wantSum(t, sum)
		one := sum.Sessions[0]
		if one.FirstOffset != 0 || one.NextOffset != count || one.Lost == 0 || one.Delivered == 0 ||
			one.End != "bye" {
			t.Errorf("%s", brief(one))
		}
		causes := map[string]uint64{}
		for _, l := range one.Losses {
			causes[l.Cause] += l.To - l.From
		}
		if causes["no longer held"] == 0 {
			t.Errorf("causes: %v", causes)
		}
		t.Logf("%d delivered, %d recovered, lost: %v", one.Delivered, one.Recovered, causes)
	}
}

// lossySeed is a seed by which --drop share loses the first n datagrams that a
// subscriber's group brings, and none of the first repairs that come by unicast.
func lossySeed(t *testing.T, share float64, n int) uint64 {
	t.Helper()
	for seed := uint64(1); ; seed++ {
		network, err := impair.Wrap(numbered{},
			link.Config{Loss: link.Bernoulli{P: share}}, seed)
		if err != nil {
			t.Fatal(err)
		}
		// A subscriber opens its sockets in this order.
		group, _ := network.Group(multicast.GroupConfig{})
		back, _ := network.Socket(multicast.SocketConfig{})
		if firstOf(group, n) >= n && firstOf(back, 4) == 0 && firstOf(back, 4) == 4 {
			return seed
		}
	}
}

// firstOf is the number of the first datagram of the next n that comes, or of a
// later one.
func firstOf(conn multicast.Conn, n int) int {
	ps := make([]multicast.Packet, n)
	conn.Read(ps)
	return int(ps[0].Data[0])
}

// numbered is a network that brings numbered datagrams, 256 before they repeat.
type numbered struct{ multicast.Network }

func (
	numbered) Group(multicast.GroupConfig) (multicast.Conn, error) {
	return &numberedConn{}, nil
}
func (
	numbered) Socket(multicast.SocketConfig) (multicast.Conn, error) {
	return &numberedConn{}, nil
}

type numberedConn struct {
	multicast.Conn
	n byte
}

func (c *numberedConn) Read(ps []multicast.Packet) (int, error) {
	for i := range ps {
		ps[i] = multicast.Packet{Data: []byte{c.n}, From: netip.MustParseAddrPort("127.0.0.1:1")}
		c.n++
	}
	return len(ps), nil
}

// A session of one frame, which is its first and its last, is found and repaired
// when that is lost, and so is the announcement before it.
func TestFirstAndLastFrameLost(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	// Before the frame come SESSION and some HEARTBEATs.
	seed := lossySeed(t, 0.5, 8)
	sub := start(t, nil, on(group, "sub", "--until-end", "--format", "json", "--drop", "0.5",
		"--drop-seed", fmt.Sprint(seed))...).listening()
	start(t, nil, on(group, "pub", "--count", "1", "--linger", "4s")...).wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	for _, l := range linesOf(t, sub.out.bytes()) {
		if l.Type == "message" && *l.Offset == 0 && *l.Recovered {
			return
		}
	}
	t.Error(sub.out)
}

// The recorded feeds come whole and in order to subscribers that each lose one
// datagram in twenty, and to the publisher, which loses as many requests. It
// runs apart from the other tests, since it takes all of a small machine.
func TestRecordedFeedsWhole(t *testing.T) {
	const (
		deep    = "iex-deep-20231002-first5000pkts.pcap.gz"
		tops    = "iex-tops16-20170710-sample.pcapng.gz"
		binance = "binance-usdm-btcusdt-20240808.raw.gz"
	)
	t.Run("small", func(t *testing.T) {
		for name, args := range map[string][]string{
			"deep": {"--from", feedtest.Recorded(t, deep), "--format", "pcap",
				"--speed", "max"},
			"deep messages": {"--from", feedtest.Recorded(t, deep), "--format", "pcap", "--speed",
				"max", "--split", "iextp"},
			"tops": {"--from", feedtest.Recorded(t, tops), "--format", "pcap",
				"--speed", "max"},
			"tops messages": {"--from", feedtest.Recorded(t, tops), "--format", "pcap", "--speed",
				"max", "--split", "iextp"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if testing.Short() && name != "deep" {
					t.Skip("one feed is enough for a short test")
				}
				wantWhole(t, args)
			})
		}
	})
	t.Run("binance", func(t *testing.T) {
		if testing.Short() {
			t.Skip("one feed is enough for a short test")
		}
		// Too large for a busy machine to take in one gulp.
		wantWhole(t, []string{"--from", feedtest.Recorded(t, binance), "--format", "timed",
			"--rate", "40000"})
	})
}

// wantWhole publishes a feed to three subscribers and compares what they print
// with it.
func wantWhole(t *testing.T, from []string) {
	opts := feed.Options{From: from[1], Format: from[3]}
	if i := slices.Index(from, "--split"); i >= 0 {
		opts.Split = from[i+1]
	}
	want, count := digestOf(t, opts)
	group := testGroup(t)
	dir := t.TempDir()
	var subs []*tool
	var digests []hash.Hash
	for i := range 3 {
		h := sha256.New()
		digests = append(digests, h)
		subs = append(subs,
			startInto(t, h, nil, on(group, "sub", "--until-end", "--format", "len", "--drop",
				"0.05",
				"--drop-seed", fmt.Sprint(i+1), "--summary",
				filepath.Join(dir, fmt.Sprint(i)))...).listening())
	}
	start(t, nil, append(on(group, "pub", "--drop", "0.05"), from...)...).wait(cli.ExitOK)
	for i, s := range subs {
		s.wait(cli.ExitOK)
		sum := summaryOf[subSummary](t, s.flag("--summary"))
		wantSum(t, sum)
		one := sum.Sessions[0]
		if got := digests[i].Sum(nil); string(got) != string(want) || one.Delivered != count ||
			one.Lost != 0 {
			t.Errorf("subscriber %d: digest %x, want %x; %s", i, got, want, brief(one))
		}
	}
}

// digestOf is the digest of a feed as crier sub --format len prints it.
func digestOf(t *testing.T, opts feed.Options) (digest []byte, count uint64) {
	t.Helper()
	f, err := feed.Open(opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	for {
		r, err := f.Next()
		if err == io.EOF {
			return h.Sum(nil), count
		}
		if err != nil {
			t.Fatal(err)
		}
		binary.Write(h, binary.BigEndian, uint32(len(r.Payload)))
		h.Write(r.Payload)
		count++
	}
}
