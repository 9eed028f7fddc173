//go:build unix

package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"crier/cmd/crier/cli"
)

// A publisher that is killed in mid-burst, and started again with --continue, goes on behind
// the last message that anybody knows of. No offset is used twice, or the fork is named.
func TestPublisherKilledAndContinued(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	var subs []*tool
	for range 2 {
		subs = append(subs, spawn(t, nil, on(group, "sub", "--format", "json")...).listening())
	}
	follower := spawn(t, nil, on(group, "sub", "--format", "json", "--until-end")...).listening()
	first := spawn(t, nil, on(group, "pub", "--rate", "4000", "--size", "200", "--name", "trades",
		"--seed", "1")...)
	for _, s := range subs {
		s.await(s.out, `"message"`, 3000)
	}
	first.signal(syscall.SIGKILL)
	<-first.ended
	const count = 500
	second := start(t, nil, on(group, "pub", "--count", fmt.Sprint(count), "--name", "trades",
		"--seed", "2", "--continue")...)
	second.wait(cli.ExitOK)
	if !strings.Contains(second.err.String(), "it goes on with offset") {
		t.Errorf("crier pub --continue says %s", second.err)
	}
	for _, s := range subs {
		s.await(s.out, `"ended"`, 1)
		s.signal(syscall.SIGINT)
		<-s.ended
		s.judgeRestart(count)
	}
	// The silence of the first is no end: the second was asking where it goes on.
	<-follower.ended
	follower.judgeRestart(count)
}

// judgeRestart compares what a subscriber printed of two sessions of one stream.
func (s *tool) judgeRestart(count uint64) {
	s.t.Helper()
	var order []string
	next, first := map[string]uint64{}, map[string]uint64{}
	forked := false
	for _, l := range linesOf(s.t, s.out.bytes()) {
		if _, heard := next[l.Session]; !heard {
			order = append(order, l.Session)
			next[l.Session] = 0
		}
		switch l.Type {
		case "message":
			if _, begun := first[l.Session]; !begun {
				first[l.Session], next[l.Session] = *l.Offset, *l.Offset
			}
			if *l.Offset != next[l.Session] {
				s.t.Fatalf("offset %d came where %d is due", *l.Offset, next[l.Session])
			}
			next[l.Session]++
		case "loss":
			next[l.Session] = *l.To
		case "stream-forked":
			forked = l.Session == order[1] && l.Other == order[0]
		case "stream-contested":
			s.t.Errorf("%+v", l)
		}
	}
	if len(order) != 2 {
		s.t.Fatalf("it heard sessions %v", order)
	}
	a, b := order[0], order[1]
	switch {
	case first[b] < next[a] && !forked:
		s.t.Errorf("offsets %d to %d were used twice, and no fork is named", first[b], next[a])
	case first[b] >= next[a] && forked:
		s.t.Errorf("a fork is named, though %s ends at %d and %s begins at %d", a, next[a], b, first[b])
	case next[b]-first[b] != count:
		s.t.Errorf("%d messages of the second session", next[b]-first[b])
	}
}

// A publisher doesn't go on while the one of its name runs, and says who hears it.
func TestContinueBesideOneThatRuns(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub")...).listening()
	first := start(t, nil, on(group, "pub", "--rate", "100", "--name", "trades")...)
	sub.await(sub.out, "\n", 10)
	second := start(t, nil, on(group, "pub", "--count", "1", "--name", "trades",
		"--continue=or-new")...)
	second.wait(cli.ExitError)
	if said := second.err.String(); !strings.Contains(said, `publisher "trades" still runs`) {
		t.Errorf("it says %s", said)
	}
	for _, s := range []*tool{first, sub} {
		s.stop()
		<-s.ended
	}
}
