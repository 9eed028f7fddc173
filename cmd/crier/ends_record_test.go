//go:build linux

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// recordWays are the ways in which crier record ends.
var recordWays = map[string]func(*testing.T) *tool{
	"a signal": func(t *testing.T) *tool {
		c := spawn(t, nil, on(testGroup(t), "record", "--dir", t.TempDir())...)
		c.await(c.err, "recording", 1)
		c.signal(syscall.SIGINT)
		return c
	},
	"killed": func(t *testing.T) *tool {
		c := spawn(t, nil, on(testGroup(t), "record", "--dir", t.TempDir())...)
		c.await(c.err, "recording", 1)
		c.signal(syscall.SIGKILL)
		return c
	},
	"`--timeout`, and nothing came": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "record", "--dir", t.TempDir(), "--timeout",
			"50ms")...)
	},
	"`--until-end`: all publishers have gone": func(t *testing.T) *tool {
		group := testGroup(t)
		c := start(t, nil, on(group, "record", "--dir", t.TempDir(), "--until-end")...)
		c.await(c.err, "recording", 1)
		said(t, group)
		return c
	},
	"the log has named holes": func(t *testing.T) *tool {
		group := testGroup(t)
		c := start(t, nil, on(group, "record", "--dir", t.TempDir(), "--until-end", "--drop", "0.5",
			"--drop-seed", "3")...)
		c.await(c.err, "recording", 1)
		start(t, nil, on(group, "pub", "--count", "20000", "--size", "1000", "--resend-buffer",
			"16KiB", "--linger", "50ms")...)
		return c
	},
	"another recorder has the log": func(t *testing.T) *tool {
		dir := t.TempDir()
		c := start(t, nil, on(testGroup(t), "record", "--dir", dir)...)
		c.await(c.err, "recording", 1)
		return start(t, nil, on(testGroup(t), "record", "--dir", dir)...)
	},
	"its directory can't be made": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "record", "--dir", "/proc/x")...)
	},
	"the summary's disk is full": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "record", "--dir", t.TempDir(), "--timeout", "50ms",
			"--summary", "/dev/full")...)
	},
	"wrong words or values": func(t *testing.T) *tool {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return start(t, nil, on(testGroup(t), "record", "--dir", file)...)
	},
}
