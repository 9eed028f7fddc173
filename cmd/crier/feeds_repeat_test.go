package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"path/filepath"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/feed/feedtest"
)

var (
	feedsRuns = flag.Int("feeds.runs", 0,
		"publish each recorded feed `N` times at full speed, to processes that lose 5 %")
	feedsFirst = flag.Uint64("feeds.first", 1, "the first of these runs' seeds")
)

// witness reads what a crier sub --format json prints.
type witness struct {
	digest      hash.Hash // of the messages, as --format len would print them
	rest        []byte
	count       uint64
	first, last bool // came as a repair
	err         error
}

func (w *witness) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte{'\n'})
		if !ok {
			w.rest = append(w.rest[:0], w.rest...)
			return len(p), w.err
		}
		w.rest = rest
		w.line(line)
	}
}

func (w *witness) line(line []byte) {
	var l eventLine
	if err := json.Unmarshal(line, &l); err != nil {
		w.err = err
		return
	}
	if l.Type != "message" {
		return
	}
	var payload []byte
	if l.Text != nil {
		payload = []byte(*l.Text)
	} else if payload, w.err = base64.StdEncoding.DecodeString(*l.Base64); w.err != nil {
		return
	}
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(payload)))
	w.digest.Write(head[:])
	w.digest.Write(payload)
	if w.count == 0 {
		w.first = *l.Recovered
	}
	w.last = *l.Recovered
	w.count++
}

// Each recorded feed comes whole and in order, byte for byte, at the speed that
// this machine has, to three processes that each lose one datagram in twenty,
// from one that loses as many requests; again and again, with other seeds:
//
//	go test ./cmd/crier -run TestRecordedFeedsAgain -feeds.runs 50 -timeout 2h -v
func TestRecordedFeedsAgain(t *testing.T) {
	if *feedsRuns == 0 {
		t.Skip("ten seconds a run: ask for them with -feeds.runs N")
	}
	const (
		deep    = "iex-deep-20231002-first5000pkts.pcap.gz"
		tops    = "iex-tops16-20170710-sample.pcapng.gz"
		binance = "binance-usdm-btcusdt-20240808.raw.gz"
	)
	for _, f := range []struct {
		name string
		opts feed.Options
	}{
		{"IEX DEEP, datagrams", feed.Options{From: feedtest.Recorded(t, deep), Format: "pcap"}},
		{"IEX DEEP, split", feed.Options{From: feedtest.Recorded(t, deep), Format: "pcap",
			Split: "iextp"}},
		{"IEX TOPS, datagrams", feed.Options{From: feedtest.Recorded(t, tops), Format: "pcap"}},
		{"IEX TOPS, split", feed.Options{From: feedtest.Recorded(t, tops), Format: "pcap",
			Split: "iextp"}},
		{"Binance, timed", feed.Options{From: feedtest.Recorded(t, binance), Format: "timed"}},
	} {
		t.Run(f.name, func(t *testing.T) { publishAgain(t, f.name, f.opts) })
	}
}

func publishAgain(t *testing.T, name string, opts feed.Options) {
	want, count := digestOf(t, opts)
	var whole, first, last int
	var repairs, nacks uint64
	longest := time.Duration(0)
	for run := range *feedsRuns {
		dir := t.TempDir()
		seed := (*feedsFirst + uint64(run)) * 10
		group := testGroup(t)
		var subs []*tool
		var heard []*witness
		for i := range 3 {
			w := &witness{digest: sha256.New()}
			heard = append(heard, w)
			s := newTool(t, on(group, "sub", "--until-end", "--format", "json", "--drop", "0.05",
				"--drop-seed", fmt.Sprint(seed+uint64(i)), "--summary",
				filepath.Join(dir, fmt.Sprint(i))))
			s.process(nil, w)
			subs = append(subs, s.listening())
		}
		args := []string{"--from", opts.From, "--format", opts.Format, "--speed", "max",
			"--drop", "0.05", "--drop-seed", fmt.Sprint(seed + 3), "--summary", "-"}
		if opts.Split != "" {
			args = append(args, "--split", opts.Split)
		}
		pub := spawn(t, nil, on(group, "pub", args...)...).wait(cli.ExitOK)
		p := decodeSummary[pubSummary](t, pub.out.bytes())
		repairs, nacks = repairs+p.Counters.N("repairs_sent"), nacks+p.Counters.N("nacks_received")
		for i, s := range subs {
			s.wait(cli.ExitOK)
			sum := summaryOf[subSummary](t, s.flag("--summary"))
			wantSum(t, sum)
			one, w := sum.Sessions[0], heard[i]
			if w.err != nil || one.Lost != 0 || w.count != count ||
				!bytes.Equal(w.digest.Sum(nil), want) {
				t.Errorf("%s, seed %d, subscriber %d: %d of %d messages, %v; %s", name,
					*feedsFirst+uint64(run), i, w.count, count, w.err, brief(one))
				continue
			}
			whole++
			if w.first {
				first++
			}
			if w.last {
				last++
			}
			if one.Recovery != nil {
				longest = max(longest, time.Duration(one.Recovery.Max))
			}
		}
	}
	t.Logf("%s: %d of %d subscribers whole; the first message came as a repair in %d, the last "+
		"in %d; %d repairs, %d NACKs; longest recovery %v",
		name, whole, 3**feedsRuns, first, last, repairs, nacks, longest.Round(time.Millisecond))
}
