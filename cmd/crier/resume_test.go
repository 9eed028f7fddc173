//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/feed/feedtest"
)

var (
	resumeKills = flag.Int("resume.kills", 0,
		"kill the consumer of the whole Binance feed `N` times, instead of a few in a part of it")
	resumeSeed = flag.Uint64("resume.seed", 1, "the seed of the moments of these kills")
)

// life is what one process of a consumer printed, and when.
type life struct {
	mu    sync.Mutex
	text  []byte
	parts []part
}

// part says that what is printed before end was there at a time.
type part struct {
	end int
	at  time.Time
}

func (l *life) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.parts = append(l.parts, part{len(l.text), time.Now()})
	return len(p), nil
}

// consumer is a crier sub with a state file, over all its lives.
type consumer struct {
	t     *testing.T
	want  [][]byte // the feed
	args  []string
	state string

	printed uint64 // the messages before were printed, by whichever life
	saved   uint64 // the messages before were acknowledged, at the last death
	// The repeated messages, and the longest time from the printing of one to the kill.
	repeated uint64
	oldest   time.Duration
}

// live runs the consumer, and kills it after a time, or lets it end.
func (c *consumer) live(after time.Duration, kill bool) {
	c.t.Helper()
	l := &life{}
	s := newTool(c.t, c.args)
	s.process(nil, l)
	killed := time.Time{}
	if kill {
		select {
		case <-time.After(after): // the moment is the test's input
		case <-s.ended:
			c.t.Fatalf("crier %s ended (%d) before it was killed:\n%s", s.args, s.exit, tail(s.err))
		}
		killed = time.Now()
		s.signal(syscall.SIGKILL)
		<-s.ended
	} else {
		s.wait(cli.ExitOK)
	}
	c.judge(l, killed, s)
}

// judge compares what a life printed with the feed, and with what was acknowledged.
func (c *consumer) judge(l *life, killed time.Time, s *tool) {
	c.t.Helper()
	next, at, part := uint64(0), 0, 0
	began := false
	saved := c.offset()
	for {
		line, _, whole := bytes.Cut(l.text[at:], []byte{'\n'})
		if !whole { // the kill may have torn the last
			break
		}
		at += len(line) + 1
		for l.parts[part].end < at {
			part++
		}
		var e struct {
			Type   string
			Offset uint64
			Text   *string
		}
		if err := json.Unmarshal(line, &e); err != nil {
			c.t.Fatalf("%q: %v", line, err)
		}
		switch e.Type {
		case "message":
		case "loss":
			c.t.Fatalf("it lost messages: %s\n%s", line, tail(s.err))
		default:
			continue
		}
		switch {
		case !began && e.Offset != c.saved:
			c.t.Fatalf("a life began at offset %d, and all before %d was acknowledged\n%s",
				e.Offset, c.saved, tail(s.err))
		case began && e.Offset != next:
			c.t.Fatalf("offset %d came where %d is due", e.Offset, next)
		case e.Offset >= uint64(len(c.want)) || *e.Text != string(c.want[e.Offset]):
			c.t.Fatalf("message %d is %s", e.Offset, line)
		}
		began, next = true, e.Offset+1
		if e.Offset < c.printed {
			c.repeated++
		}
		if !killed.IsZero() && e.Offset >= saved {
			c.oldest = max(c.oldest, killed.Sub(l.parts[part].at))
		}
	}
	c.printed = max(c.printed, next)
	if saved > c.printed || saved < c.saved {
		c.t.Fatalf("the state file says %d after %d; %d are printed", saved, c.saved, c.printed)
	}
	c.saved = saved
}

// offset returns the offset in the state file.
func (c *consumer) offset() uint64 {
	c.t.Helper()
	text, err := os.ReadFile(c.state)
	if os.IsNotExist(err) {
		return 0
	}
	var s struct{ Positions []struct{ Offset uint64 } }
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil || len(s.Positions) > 1 {
		c.t.Fatalf("state file %s: %v", text, err)
	}
	if len(s.Positions) == 0 {
		return 0
	}
	return s.Positions[0].Offset
}

// window is the documented one of messages that come again after a kill: those printed since
// the last save, each 100 ms, and while one save took; and what a busy machine adds.
const window = 100*time.Millisecond + time.Second

// A consumer with a state file that is killed again and again has the whole feed, in order; what
// comes twice was printed shortly before a kill. What is no longer in the publisher's buffer
// comes from a recorder, also after the publisher has gone. Many kills, in the whole feed at 20
// times its speed:
//
//	go test ./cmd/crier -run TestConsumerKilled -resume.kills 200 -v
func TestConsumerKilled(t *testing.T) {
	const binance = "binance-usdm-btcusdt-20240808.raw.gz"
	path := feedtest.Recorded(t, binance)
	if *resumeKills == 0 {
		t.Parallel()
		killConsumer(t, path, 6000, 5, *resumeSeed)
		return
	}
	// As many as find their time within one feed, and then the feed again.
	const most = 50
	for n := range (*resumeKills + most - 1) / most {
		killConsumer(t, path, 1<<62, min(most, *resumeKills-n*most), *resumeSeed+uint64(n))
	}
}

// killConsumer publishes the first messages of a feed at 20 times its speed, and kills a consumer
// of it some times.
func killConsumer(t *testing.T, path string, messages, kills int, seed uint64) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("again: go test ./cmd/crier -run TestConsumerKilled -resume.kills %d "+
				"-resume.seed %d", *resumeKills, seed)
		}
	}()
	dir, group := t.TempDir(), testGroup(t)
	c := &consumer{t: t, state: filepath.Join(dir, "state")}
	c.args = on(group, "sub", "--format", "json", "--state", c.state, "--start", "resume:oldest")
	var part strings.Builder
	var took time.Duration // of the feed
	c.want, took = timedFeed(t, path, messages, &part)
	if messages == len(c.want) {
		path = feedtest.File(t, "feed", part.String())
	}
	r := rand.New(rand.NewPCG(seed, 0))
	took /= 20
	mean := took / time.Duration(kills) * 6 / 10 // the rest it takes to start

	rec := spawn(t, nil, on(group, "record", "--dir", filepath.Join(dir, "log"))...)
	rec.await(rec.err, "recording", 1)
	pub := spawn(t, nil, on(group, "pub", "--from", path, "--format", "timed", "--speed", "20",
		"--resend-buffer", "8MiB", "--linger", "1s")...)
	began := time.Now()
	for range kills {
		c.live(time.Duration(r.Int64N(int64(2*mean))), true)
		if r.IntN(10) == 0 {
			time.Sleep(time.Duration(r.Int64N(int64(4 * mean)))) // down for longer, too
		}
	}
	fed := time.Since(began)
	pub.wait(cli.ExitOK)
	c.args = append(c.args, "--until-end")
	c.live(0, false)
	if c.printed != uint64(len(c.want)) || c.saved != c.printed {
		t.Errorf("%d of %d messages came, and %d are acknowledged", c.printed, len(c.want), c.saved)
	}
	if c.oldest > window {
		t.Errorf("a message came again that was printed %v before a kill", c.oldest)
	}
	rec.signal(os.Interrupt)
	rec.wait(cli.ExitOK)
	t.Logf("seed %d: %d kills within %v of a feed of %v: %d of %d messages came twice, printed up "+
		"to %v before a kill", seed, kills, fed, took, c.repeated, len(c.want), c.oldest)
}

// timedFeed returns the first messages of a timed feed, and its time. It copies their lines.
func timedFeed(t *testing.T, path string, most int, lines io.Writer) (all [][]byte,
	took time.Duration) {
	t.Helper()
	f, err := feed.Open(feed.Options{From: path, Format: "timed"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for len(all) < most {
		r, err := f.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		took = r.At
		all = append(all, bytes.Clone(r.Payload))
		fmt.Fprintf(lines, "%d %s\n", 1e18+int64(r.At), r.Payload)
	}
	return all, took
}
