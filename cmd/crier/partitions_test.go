package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/feed/feedtest"
	"crier/reliable/topic"
)

// testTopic is a topic that only its caller uses, with a group of its own and --iface lo.
func testTopic(t testing.TB) []string {
	t.Helper()
	return append(testGroup(t), "--topic", fmt.Sprintf("%s.%d", t.Name(), os.Getpid()))
}

// keyedMessage is a message of a feed.
type keyedMessage struct{ key, payload string }

// keyedFeed returns the first messages of a feed with their keys.
func keyedFeed(t *testing.T, opts feed.Options, most int) (list []keyedMessage) {
	t.Helper()
	f, err := feed.Open(opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for len(list) < most {
		r, err := f.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, keyedMessage{string(r.Key), string(r.Payload)})
	}
	return list
}

// plainText returns what JSON has as text, or in base64, or not at all.
func plainText(t *testing.T, text, coded *string) string {
	t.Helper()
	switch {
	case text != nil:
		return *text
	case coded == nil:
		return ""
	}
	b, err := base64.StdEncoding.DecodeString(*coded)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// partitions are what subscribers printed as JSON, by partition.
type partitions struct {
	t    *testing.T
	list [][]keyedMessage
}

// add adds the lines of a subscriber. Each partition's offsets go on where they were.
func (p *partitions) add(lines []byte) {
	p.t.Helper()
	for line := range bytes.Lines(lines) {
		var ev eventLine
		if err := json.Unmarshal(line, &ev); err != nil {
			p.t.Fatalf("%s: %v", line, err)
		}
		switch ev.Type {
		case "message":
		case "loss":
			p.t.Errorf("%s", line)
			continue
		default:
			continue
		}
		for int(ev.Partition) >= len(p.list) {
			p.list = append(p.list, nil)
		}
		if at := &p.list[ev.Partition]; *ev.Offset != uint64(len(*at)) {
			p.t.Fatalf("partition %d goes on at offset %d: %s", ev.Partition, len(*at), line)
		} else {
			key, payload := plainText(p.t, ev.Key, ev.KeyBase64), plainText(p.t, ev.Text, ev.Base64)
			*at = append(*at, keyedMessage{key, payload})
		}
	}
}

// union holds what came against what was published: all of it, once, each key in its partition
// and in order.
func (p *partitions) union(want []keyedMessage) {
	p.t.Helper()
	rest := make(map[string]int) // messages without a key, in any partition
	for _, m := range want {
		if m.key == "" {
			rest[m.payload]++
			continue
		}
		n := topic.Partition([]byte(m.key), len(p.list))
		at := &p.list[n]
		for len(*at) > 0 && (*at)[0].key == "" {
			rest[(*at)[0].payload]--
			*at = (*at)[1:]
		}
		if len(*at) == 0 || (*at)[0] != m {
			p.t.Fatalf("partition %d has %.80q where the feed has %.80q", n, (*at)[:min(1, len(*at))],
				m)
		}
		*at = (*at)[1:]
	}
	for n, left := range p.list {
		for _, m := range left {
			if rest[m.payload]--; m.key != "" {
				p.t.Errorf("partition %d has more: %.80q", n, m)
			}
		}
	}
	for payload, n := range rest {
		if n != 0 {
			p.t.Errorf("%d of %.80q without a key are missing", n, payload)
		}
	}
}

// Three subscribers to different partitions of a recorded feed, over a lossy network, have it
// whole, in order by key and byte for byte. One of them leaves early, and goes on from a recorder
// when the publisher has gone.
func TestPartitionsOfAFeed(t *testing.T) {
	t.Parallel()
	const most = 8000
	opts := feed.Options{From: feedtest.Recorded(t, "iex-deep-20231002-first5000pkts.pcap.gz"),
		Format: "pcap", Split: "iextp", Key: "symbol"}
	want := keyedFeed(t, opts, most)
	group, dir := testTopic(t), t.TempDir()
	state := filepath.Join(dir, "state")
	sub := func(partitions string, seed int, args ...string) *tool {
		return start(t, nil, append(on(group, "sub", "--format", "json", "--partition", partitions,
			"--drop", "0.05", "--drop-seed", strconv.Itoa(seed)), args...)...)
	}
	rec := start(t, nil, on(group, "record", "--dir", filepath.Join(dir, "log"))...)
	rec.await(rec.err, "recording", 1)
	a := sub("0-2", 1, "--until-end").listening()
	b := sub("3-5", 2, "--until-end").listening()
	early := sub("6,7", 3, "--count", "500", "--state", state, "--start", "resume:oldest").listening()
	pub := start(t, nil, on(group, "pub", "--from", opts.From, "--format", "pcap", "--split", "iextp",
		"--key", "symbol", "--partitions", "8", "--count", strconv.Itoa(most), "--rate", "20k",
		"--drop", "0.05", "--header", "source=iex")...)
	for _, c := range []*tool{a, b, early, pub} {
		c.wait(cli.ExitOK)
	}
	later := sub("6,7", 4, "--until-end", "--state", state, "--start", "resume:oldest")
	later.wait(cli.ExitOK)
	rec.stop()
	rec.wait(cli.ExitOK)
	came := &partitions{t: t}
	for _, c := range []*tool{a, b, early, later} {
		came.add(c.out.bytes())
	}
	came.union(want)
	if !strings.Contains(a.out.String(), `"headers":{"source":"iex"}`) {
		t.Errorf("no header came: %.300s", a.out.String())
	}
}

// A subscriber for a partition that isn't there is told so in a sentence, and how many there are.
func TestPartitionThatIsNotThere(t *testing.T) {
	t.Parallel()
	group := testTopic(t)
	sub := start(t, nil, on(group, "sub", "--partition", "2,20", "--until-end")...).listening()
	start(t, nil, on(group, "pub", "--partitions", "4", "--count", "20")...).wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	words := sub.err.String()
	if n := strings.Count(words, "a partition that is wanted isn't there (topic "); n != 1 ||
		!strings.Contains(words, ", partition 20, 4 partitions)") {
		t.Errorf("it said so %d times:\n%s", n, words)
	}
}
