package main

import (
	"slices"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logdir/logtest"
	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

// runRecordExample runs an example of crier record in a directory of its own, with something to
// record.
func runRecordExample(t *testing.T, args []string) {
	var groups [][]string
	for i, a := range args {
		switch a {
		case "--group":
			group := testGroup(t)
			groups, args[i+1] = append(groups, group), group[1]
		case "--dir":
			args[i+1] = t.TempDir()
		}
	}
	if len(groups) == 0 {
		groups = append(groups, testGroup(t))
		args = append(args, groups[0][:2]...)
	}
	if !slices.Contains(args, "--until-end") {
		args = append(args, "--timeout", "500ms")
	}
	c := start(t, nil, args...)
	c.await(c.err, "recording", 1)
	for _, group := range groups {
		start(t, nil, on(group, "pub", "--count", "200", "--rate", "10000")...)
	}
	c.wait(cli.ExitOK)
}

// runLogExample runs an example of a command that reads a log, on a log that has the session of the
// examples.
func runLogExample(t *testing.T, args []string) {
	dir := t.TempDir()
	l := logtest.New(t, dir)
	l.Begin = time.Now().Add(-time.Minute)
	key := journal.Key{Session: 0x8f2a << 48}
	title := reliable.Title{Publisher: "feed"}
	if slices.Contains(args, "--topic") {
		key.Channel, title.Topic = 3, args[slices.Index(args, "--topic")+1]
	}
	l.Tape(key, &title, 2100, nack.Range{},
		&journal.End{How: reliable.EndBye, Cause: reliable.CauseEnded})
	l.Close()
	for i, a := range args {
		if a == "--dir" {
			args[i+1] = dir
		}
	}
	if !slices.Contains(args, "--publish") {
		if r := start(t, nil, args...).wait(cli.ExitOK); r.out.String() == "" {
			t.Error("it printed nothing")
		}
		return
	}
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--replays", "--until-end")...).listening()
	start(t, nil, append(args, group[:2]...)...).wait(cli.ExitOK)
	if sub.wait(cli.ExitOK); sub.out.count("\n") != 2100 {
		t.Errorf("%d messages came", sub.out.count("\n"))
	}
}
