//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/feed/feedtest"
	"crier/reliable/topic"
	"crier/subscriber"
)

var (
	teamStorms = flag.Int("team.storms", 0, "play `N` storms of ten faults, instead of a short one")
	teamFirst  = flag.Uint64("team.first", 1, "the first of these storms' `SEED`s")
	teamLease  = flag.Duration("team.lease", 200*time.Millisecond, "the lease in these storms")
	teamShare  = flag.String("team.share", "partition", "share the work by `WORD`: partition, message")
	teamKeep   = flag.String("team.keep", "", "keep the logs of the workers in this `DIR`ectory")
)

const (
	// stormKey takes the last two digits of a message's time for its key: the feed has one symbol.
	stormKey = `"E":[0-9]*([0-9][0-9])`
	// stormPartitions is the number of partitions, stormSpeed how fast the feed's time passes.
	stormPartitions = 8
	stormSpeed      = 3
	// stormSilence is after what time a publisher is silent for a worker.
	stormSilence = 500 * time.Millisecond
	// stormPatience bounds the time of a storm's end.
	stormPatience = 90 * time.Second
)

// stormer is a process that works in a team.
type stormer struct {
	*tool
	name    string
	log     string    // the name of its log
	stopped time.Time // if not zero, it is stopped until then
	leaving bool
}

// storm is a course of faults that befall the workers of a team.
type storm struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	lease  time.Duration
	share  subscriber.Share
	dir    string
	group  []string
	pub    *tool
	live   []*stormer
	gone   []*stormer
	began  time.Time
	kills  []killed
	faults map[string]int
	course []string // what happened, for a storm that is judged red
}

// Workers of a team that are killed, stopped beyond their lease and woken, that join and that leave
// have done each message of a feed in the end, each unmarked one once, and the messages of a key in
// their order. More storms, of ten faults each:
//
//	go test ./cmd/crier -run 'TestStorm$' -team.storms 20 -v
func TestStorm(t *testing.T) {
	t.Parallel()
	playStorms(t, func(t *testing.T, seed uint64, faults int) *storm {
		var share subscriber.Share
		if err := share.UnmarshalText([]byte(*teamShare)); err != nil {
			t.Fatal(err)
		}
		return playStorm(t, seed, faults, share)
	})
}

// playStorms plays one short storm, or as many as were asked for.
func playStorms(t *testing.T, play func(t *testing.T, seed uint64, faults int) *storm) {
	feedtest.Recorded(t, stormFeed)
	count, faults := *teamStorms, 10
	if count == 0 {
		count, faults = 1, 4
	}
	var times []time.Duration
	sum := make(map[string]int)
	for i := range count {
		seed := *teamFirst + uint64(i)
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("again: go test ./cmd/crier -run '%s$' -team.storms 1 -team.first %d "+
						"-team.lease %v -team.share %s -v", strings.Split(t.Name(), "/")[0], seed,
						*teamLease, *teamShare)
				}
			}()
			s := play(t, seed, faults)
			for what, n := range s.faults {
				sum[what] += n
			}
			times = append(times, takeovers(s.diaries(), s.kills, s.lease)...)
		})
	}
	slices.Sort(times)
	if n := len(times); n > 0 {
		t.Logf("%d storms with a lease of %v: %v; from kill -9 to the first hand-out elsewhere, %d "+
			"partitions: p50 %v, p99 %v, at most %v", count, *teamLease, sum, n, times[n/2],
			times[n*99/100], times[n-1])
	}
}

// playStorm plays a storm that the publisher survives.
func playStorm(t *testing.T, seed uint64, faults int, share subscriber.Share) *storm {
	t.Helper()
	s := newStorm(t, seed, share)
	length := s.length(faults)
	path, want := s.part(0, length)
	observer := start(t, nil, on(s.group, "sub", "--format", "json", "--until-end")...).listening()
	for range 4 {
		s.join()
	}
	s.pub = s.publish(path)
	s.works()
	for range faults {
		s.calm(s.until(s.random.Int64N(int64(2 * s.gap()))))
		s.fault()
	}
	s.wake()
	for s.running() < 2 {
		s.join()
	}
	s.finishes(want)
	s.tell("all is done")
	s.leaveAll()
	if *teamStorms > 0 {
		s.ends(s.pub, cli.ExitOK)
		s.tell("the publisher has ended")
		s.ends(observer, cli.ExitOK)
	} else { // no time to wait for those that were killed, which might ask for more
		total := 0
		for _, n := range want {
			total += n
		}
		observer.await(observer.out, `"type":"message"`, total)
		observer.stop()
		<-observer.ended
	}
	truth := truthOf(t, observer.out.bytes())
	counts := make([]int, stormPartitions)
	for p := range truth {
		counts[p.partition]++
	}
	if !slices.Equal(counts, want) {
		t.Errorf("published %d messages by partition, want %d", counts, want)
	}
	s.judge(&hearing{diaries: s.diaries(), share: share, truth: truth, owed: true})
	return s
}

func newStorm(t *testing.T, seed uint64, share subscriber.Share) *storm {
	s := &storm{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 15)), lease: *teamLease,
		share: share, dir: t.TempDir(), group: testTopic(t), faults: make(map[string]int)}
	if *teamKeep != "" {
		s.dir = filepath.Join(*teamKeep, strings.ReplaceAll(t.Name(), "/", "-"))
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.began = time.Now()
	return s
}

// gap is the mean time between two faults.
func (s *storm) gap() time.Duration { return s.lease * 3 / 2 }

// length is for how long messages come.
func (s *storm) length(faults int) time.Duration {
	return time.Second + s.gap()*time.Duration(faults+2)
}

// works waits until a worker has begun a message.
func (s *storm) works() {
	for began := time.Now(); time.Since(began) < stormPatience; time.Sleep(10 * time.Millisecond) {
		if slices.ContainsFunc(s.diaries(), func(d *diary) bool {
			return slices.ContainsFunc(d.notes, func(n note) bool { return n.kind == "begin" })
		}) {
			return
		}
	}
	s.t.Fatal("no worker has begun anything")
}

func (s *storm) until(d int64) time.Time { return time.Now().Add(time.Duration(d)) }

// stormFeed is the feed that is published.
const stormFeed = "binance-usdm-btcusdt-20240808.raw.gz"

// part writes a part of the feed to a file, from a time on and as long as a publisher takes for it,
// and returns its path, and the number of messages of each partition.
func (s *storm) part(from, length time.Duration) (path string, counts []int) {
	s.t.Helper()
	f, err := feed.Open(feed.Options{From: feedtest.Recorded(s.t, stormFeed), Format: "timed",
		Key: stormKey}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	const whole = 300 * time.Second // of 345 s
	from = from*stormSpeed + time.Duration(s.seed-1)*20*time.Second%whole
	var text bytes.Buffer
	counts = make([]int, stormPartitions)
	for {
		r, err := f.Next()
		if err == io.EOF || err == nil && r.At >= from+length*stormSpeed {
			break
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if r.At < from {
			continue
		}
		if r.Key == nil {
			s.t.Fatalf("%s has no key", r.Payload)
		}
		fmt.Fprintf(&text, "%d %s\n", 1e18+int64(r.At), r.Payload)
		counts[topic.Partition(r.Key, stormPartitions)]++
	}
	return feedtest.File(s.t, "feed", text.String()), counts
}

// publish starts a publisher of a part of the feed.
func (s *storm) publish(path string, flags ...string) *tool {
	return spawn(s.t, nil, append(on(s.group, "pub", "--from", path, "--format", "timed", "--speed",
		strconv.Itoa(stormSpeed), "--max-gap", "1s", "--key", stormKey, "--name", "storm",
		"--partitions", strconv.Itoa(stormPartitions), "--pace", "teams", "--lease",
		s.lease.String(), "--linger", "100ms"), flags...)...)
}

func (s *storm) tell(format string, args ...any) {
	s.course = append(s.course, fmt.Sprintf("%s ", time.Now().Format("05.000"))+
		fmt.Sprintf(format, args...))
}

// join starts a worker, perhaps under the name of one that was lost.
func (s *storm) join() {
	s.t.Helper()
	names := []string{"ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"}
	names = slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(s.live, func(w *stormer) bool { return w.name == name })
	})
	name := names[s.random.IntN(len(names))]
	w := &stormer{name: name, log: fmt.Sprintf("%s-%d.log", name, len(s.live)+len(s.gone))}
	w.tool = spawn(s.t, nil, on(s.group, stormWorker, "--team", "storm", "--share", s.share.String(),
		"--name", name, "--silence", stormSilence.String(), "--oldest", "--log",
		filepath.Join(s.dir, w.log), "--work", "1ms", "--seed",
		strconv.FormatUint(s.random.Uint64(), 10))...)
	s.live = append(s.live, w)
	s.tell("%s joins", w.log)
}

// remove takes a worker from those that live.
func (s *storm) remove(w *stormer) {
	s.live = slices.DeleteFunc(s.live, func(one *stormer) bool { return one == w })
	s.gone = append(s.gone, w)
}

// running counts the workers that run, and go on.
func (s *storm) running() (n int) {
	for _, w := range s.live {
		if w.stopped.IsZero() {
			n++
		}
	}
	return n
}

// calm lets time pass, and wakes those that are stopped until then.
func (s *storm) calm(until time.Time) {
	for {
		next := until
		for _, w := range s.live {
			if !w.stopped.IsZero() && w.stopped.Before(next) {
				next = w.stopped
			}
		}
		time.Sleep(time.Until(next)) // the moments are the test's input
		for _, w := range s.live {
			if !w.stopped.IsZero() && !w.stopped.After(next) {
				s.cont(w)
			}
		}
		if next.Equal(until) {
			return
		}
	}
}

func (s *storm) cont(w *stormer) {
	s.send(w, syscall.SIGCONT)
	w.stopped = time.Time{}
	s.tell("%s goes on", w.log)
}

// send sends a signal to a worker, which must not have ended.
func (s *storm) send(w *stormer, sig syscall.Signal) {
	s.t.Helper()
	if err := w.cmd.Process.Signal(sig); err != nil {
		<-w.ended
		s.t.Fatalf("%s has ended (%d): %s\n%s", w.log, w.exit, tail(w.err),
			strings.Join(s.course, "\n"))
	}
}

// wake wakes all that are stopped.
func (s *storm) wake() {
	for _, w := range s.live {
		if !w.stopped.IsZero() {
			s.cont(w)
		}
	}
}

// fault does one thing to a worker, or lets another one join.
func (s *storm) fault() {
	s.t.Helper()
	what := []string{"kill", "kill", "kill", "stop", "stop", "stop", "leave", "leave", "join",
		"join"}[s.random.IntN(10)]
	if n := len(s.live); n < 3 {
		what = "join"
	} else if n > 6 && what == "join" {
		what = "kill"
	}
	w := s.live[s.random.IntN(len(s.live))]
	if what != "kill" && what != "join" && !w.stopped.IsZero() {
		what = "kill"
	}
	s.faults[what]++
	switch what {
	case "kill":
		s.tell("%s is killed", w.log)
		s.kills = append(s.kills, killed{time.Now().UnixNano(), w.log})
		s.send(w, syscall.SIGKILL)
		<-w.ended
		s.remove(w)
	case "stop":
		d := s.lease/4 + time.Duration(s.random.Int64N(int64(3*s.lease)))
		s.send(w, syscall.SIGSTOP)
		w.stopped = time.Now().Add(d)
		s.tell("%s is stopped for %v", w.log, d)
	case "leave":
		w.listening() // before, a signal is the end
		s.tell("%s is to leave", w.log)
		s.send(w, syscall.SIGTERM)
		w.leaving = true
		s.remove(w)
	case "join":
		s.join()
	}
}

// leaveAll lets all that live leave.
func (s *storm) leaveAll() {
	s.t.Helper()
	for _, w := range s.live {
		w.listening()
		s.send(w, syscall.SIGTERM)
		w.leaving = true
	}
	for _, w := range append(slices.Clone(s.live), s.gone...) {
		if w.leaving {
			s.ends(w.tool, cli.ExitOK)
		}
	}
}

// finishes waits until the workers have done as many messages as were published, or the publisher
// has ended: the judge names what is missing then.
func (s *storm) finishes(want []int) {
	s.t.Helper()
	for began := time.Now(); time.Since(began) < stormPatience; {
		done := make(map[place]bool)
		for _, d := range s.diaries() {
			for _, n := range d.notes {
				if n.kind == "end" {
					done[n.place] = true
				}
			}
		}
		rest := -len(done)
		for _, n := range want {
			rest += n
		}
		if rest <= 0 {
			return
		}
		select {
		case <-s.pub.ended:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ends waits until a process has ended.
func (s *storm) ends(c *tool, exit int) {
	s.t.Helper()
	select {
	case <-c.ended:
		c.wait(exit)
	case <-time.After(stormPatience):
		s.t.Fatalf("crier %s hasn't ended:\n%s%s\n%s", c.args, tail(c.out), tail(c.err),
			strings.Join(s.course, "\n"))
	}
}

// diaries reads the logs of the workers.
func (s *storm) diaries() []*diary { return readDiaries(s.t, s.dir) }

// judge reports what is wrong.
func (s *storm) judge(h *hearing) {
	s.t.Helper()
	for _, fault := range h.judge() {
		s.t.Error(fault)
	}
	s.t.Logf("seed %d, %v: %v; %+v", s.seed, time.Since(s.began).Round(time.Millisecond), s.faults,
		h.tally)
	if s.t.Failed() || *teamKeep != "" {
		s.t.Log("\n" + strings.Join(s.course, "\n"))
		s.t.Logf("the publisher says: %s", tail(s.pub.err))
		for _, w := range append(slices.Clone(s.live), s.gone...) {
			if text := tail(w.err); text != "listening\n" {
				s.t.Logf("%s says: %s", w.log, text)
			}
		}
	}
}

// truthOf returns the checksums of the messages that a plain subscriber printed.
func truthOf(t *testing.T, out []byte) map[place]uint64 {
	t.Helper()
	truth := make(map[place]uint64)
	for line := range bytes.Lines(out) {
		var ev eventLine
		if err := json.Unmarshal(line, &ev); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if ev.Type == "message" {
			truth[place{ev.Session, ev.Partition, *ev.Offset}] =
				uint64(crc32.ChecksumIEEE([]byte(plainText(t, ev.Text, ev.Base64))))
		}
	}
	return truth
}
