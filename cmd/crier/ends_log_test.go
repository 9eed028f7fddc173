//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"

	"crier/cmd/crier/logdir/logtest"
	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

// logOf returns the directory of a log with a session of 100 messages, which ended or not, and may
// have a hole of five.
func logOf(t *testing.T, ended, hole bool) string {
	t.Helper()
	dir := t.TempDir()
	l := logtest.New(t, dir)
	var end *journal.End
	if ended {
		end = &journal.End{How: reliable.EndBye, Cause: reliable.CauseEnded}
	}
	missing := nack.Range{}
	if hole {
		missing = nack.Range{From: 40, To: 45}
	}
	l.Session(0x8f2a, &reliable.Title{Publisher: "feed"}, 100, missing, end)
	l.Close()
	return dir
}

// damagedLog returns the directory of a log with a byte that was changed.
func damagedLog(t *testing.T) string {
	t.Helper()
	dir := logOf(t, true, false)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.seg"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[1000]++
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// replayWays are the ways in which crier replay ends.
var replayWays = map[string]func(*testing.T) *tool{
	"the session's end is reached": func(t *testing.T) *tool {
		return start(t, nil, "replay", "--dir", logOf(t, true, false))
	},
	"`--count` or `--until` is reached": func(t *testing.T) *tool {
		return start(t, nil, "replay", "--dir", logOf(t, false, false), "--until", "offset:50")
	},
	"the log ends before the session": func(t *testing.T) *tool {
		return start(t, nil, "replay", "--dir", logOf(t, false, false))
	},
	"messages are missing": func(t *testing.T) *tool {
		return start(t, nil, "replay", "--dir", logOf(t, true, true))
	},
	"`--publish`: the session's end is reached": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "replay", "--dir", logOf(t, true, false), "--publish",
			"--speed", "max")...)
	},
	"`--publish`: a signal": func(t *testing.T) *tool {
		c := spawn(t, nil, on(testGroup(t), "replay", "--dir", logOf(t, true, false), "--publish",
			"--speed", "0.001")...)
		c.await(c.err, "publishing session", 1)
		c.signal(os.Interrupt)
		return c
	},
	"there is no such directory": func(t *testing.T) *tool {
		return start(t, nil, "replay", "--dir", filepath.Join(t.TempDir(), "x"))
	},
	"standard output is a full disk": func(t *testing.T) *tool {
		return startInto(t, openFull(t), nil, "replay", "--dir", logOf(t, true, false))
	},
	"wrong words or values": func(t *testing.T) *tool { return start(t, nil, "replay") },
}

// logWays are the ways in which crier log ends.
var logWays = map[string]func(*testing.T) *tool{
	"it has listed, told or removed": func(t *testing.T) *tool {
		return start(t, nil, "log", "ls", "--dir", logOf(t, true, true))
	},
	"`verify`: all of it verifies": func(t *testing.T) *tool {
		return start(t, nil, "log", "verify", "--dir", logOf(t, true, true))
	},
	"`verify`: data are damaged": func(t *testing.T) *tool {
		return start(t, nil, "log", "verify", "--dir", damagedLog(t))
	},
	"there is no such directory": func(t *testing.T) *tool {
		return start(t, nil, "log", "info", "--dir", filepath.Join(t.TempDir(), "x"))
	},
	"there is no log in it": func(t *testing.T) *tool {
		return start(t, nil, "log", "ls", "--dir", t.TempDir())
	},
	"`cut`: a recorder has the log": func(t *testing.T) *tool {
		dir := logOf(t, true, false)
		l := logtest.New(t, dir)
		t.Cleanup(l.Close)
		return start(t, nil, "log", "cut", "--dir", dir, "--before", "time:-1h")
	},
	"standard output is a full disk": func(t *testing.T) *tool {
		return startInto(t, openFull(t), nil, "log", "ls", "--dir", logOf(t, true, false))
	},
	"wrong words or values": func(t *testing.T) *tool { return start(t, nil, "log", "ls") },
}
