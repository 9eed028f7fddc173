//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"crier/subscriber"
)

// A publisher that is killed in the middle of a storm and starts again, with the state of its
// teams, names what they haven't done: each message is done or named, each unmarked one is begun
// once, and the new session's are all done. More such storms:
//
//	go test ./cmd/crier -run TestStormKillsPublisher -team.storms 50 -v
func TestStormKillsPublisher(t *testing.T) {
	t.Parallel()
	if *teamStorms == 0 && testing.Short() {
		t.Skip("it waits for the silence of a publisher")
	}
	playStorms(t, func(t *testing.T, seed uint64, faults int) *storm {
		return playOrphans(t, seed, min(faults, 4))
	})
}

// playOrphans plays a storm in which the publisher is killed, too.
func playOrphans(t *testing.T, seed uint64, faults int) *storm {
	t.Helper()
	s := newStorm(t, seed, subscriber.ByPartition)
	first, _ := s.part(0, s.length(faults))
	second, want := s.part(s.length(faults), s.length(0))
	state := filepath.Join(s.dir, "teams.json")
	observer := start(t, nil, on(s.group, "sub", "--format", "json", "--silence", "500ms",
		"--history", "0")...).listening()
	for range 4 {
		s.join()
	}
	s.pub = s.publish(first, "--team-state", state)
	s.works()
	for range faults {
		s.calm(s.until(s.random.Int64N(int64(2 * s.gap()))))
		s.fault()
	}
	s.calm(s.until(s.random.Int64N(int64(s.gap()))))
	if err := s.pub.cmd.Process.Kill(); errors.Is(err, os.ErrProcessDone) {
		t.Skip("the publisher's work was done before it was to be killed")
	} else if err != nil {
		t.Fatal(err)
	}
	<-s.pub.ended
	s.tell("the publisher is killed")
	s.faults["publisher"]++
	if text, err := os.ReadFile(state); err == nil {
		os.WriteFile(state+".killed", text, 0o600)
	}
	s.calm(s.until(s.random.Int64N(int64(4 * s.lease))))
	s.pub = s.publish(second, "--team-state", state, "--continue")
	s.tell("the publisher starts again")
	s.wake()
	for s.running() < 2 {
		s.join()
	}
	total := 0
	for _, n := range want {
		total += n
	}
	s.finishesSession(total)
	s.tell("all is done")
	time.Sleep(stormSilence) // what is in hand of the dead one comes when it is silent
	s.leaveAll()
	observer.stop()
	<-observer.ended
	s.judgeOrphans(truthOf(t, observer.out.bytes()), total)
	return s
}

// finishesSession waits until the workers have done as many messages of one session, or the
// publisher has ended.
func (s *storm) finishesSession(total int) {
	s.t.Helper()
	for began := time.Now(); time.Since(began) < stormPatience; {
		done := make(map[string]map[place]bool)
		for _, d := range s.diaries() {
			for _, n := range d.notes {
				if n.kind != "end" {
					continue
				}
				if done[n.session] == nil {
					done[n.session] = make(map[place]bool)
				}
				done[n.session][n.place] = true
			}
		}
		for session, places := range done {
			if session != s.dead(done) && len(places) >= total {
				return
			}
		}
		select {
		case <-s.pub.ended:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// dead returns the session that began first.
func (s *storm) dead(done map[string]map[place]bool) (first string) {
	at := int64(1<<63 - 1)
	for _, d := range s.diaries() {
		for _, n := range d.notes {
			if n.kind == "begin" && n.at < at {
				first, at = n.session, n.at
			}
		}
	}
	return first
}

// undonePattern is how a publisher names what a team hasn't done of an earlier session.
var undonePattern = regexp.MustCompile(`hasn't done messages of an earlier session.*` +
	`partition (\d+), .* offset ([\d,]+), next offset ([\d,]+)\)`)

// judgeOrphans judges both sessions: the dead one's messages are done, or named.
func (s *storm) judgeOrphans(truth map[place]uint64, total int) {
	s.t.Helper()
	dead := s.dead(nil)
	old, living := make(map[place]uint64), make(map[place]uint64)
	for p, sum := range truth {
		if p.session == dead {
			old[p] = sum
		} else {
			living[p] = sum
		}
	}
	if len(living) != total {
		s.t.Errorf("%d messages of the new session were published, want %d", len(living), total)
	}
	h := &hearing{diaries: s.diaries(), share: s.share, truth: truth}
	faults := h.judge()
	for p := range living {
		if h.ends[p] == 0 {
			faults = append(faults, fmt.Sprintf("%v isn't done", p))
		}
	}
	var named [stormPartitions][2]uint64
	words := s.pub.err.String()
	for _, m := range undonePattern.FindAllStringSubmatch(words, -1) {
		part, _ := strconv.Atoi(m[1])
		from, _ := strconv.ParseUint(cleanNumber(m[2]), 10, 64)
		to, _ := strconv.ParseUint(cleanNumber(m[3]), 10, 64)
		named[part] = [2]uint64{from, to}
	}
	undone, both := 0, 0
	for p := range old {
		in := p.offset >= named[p.partition][0] && p.offset < named[p.partition][1]
		switch {
		case h.ends[p] == 0 && !in:
			faults = append(faults, fmt.Sprintf("%v of the dead session isn't done, and isn't named",
				p))
		case h.ends[p] == 0:
			undone++
		case in:
			both++
		}
	}
	for i, f := range faults {
		if i < mostFaults {
			s.t.Error(f)
		}
	}
	s.t.Logf("seed %d: the dead session had %d messages: %d done, %d undone and named, %d both; "+
		"%v, %+v", s.seed, len(old), len(old)-undone, undone, both, s.faults, h.tally)
	if s.t.Failed() {
		for _, line := range s.course {
			s.t.Log(line)
		}
		s.t.Logf("the publisher says: %s", words)
	}
}

func cleanNumber(text string) string {
	var b []byte
	for _, c := range []byte(text) {
		if c != ',' {
			b = append(b, c)
		}
	}
	return string(b)
}
