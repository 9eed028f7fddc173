package logs

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/cmd/crier/logdir/logtest"
	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/topic"
)

const (
	feed  = 0x8f2a01c44be07d15
	other = 0x1122334455667788
)

// written returns the directory of a log with two sessions: one of 200 messages with a hole, from
// offset 1,000 on, and one of 5 that is open.
func written(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	l := logtest.New(t, dir)
	l.Session(feed, &reliable.Title{Publisher: "feed", FirstOffset: 1000,
		Prev: reliable.Link{Session: 7}}, 200, nack.Range{From: 55, To: 60},
		&journal.End{How: reliable.EndBye, Cause: reliable.CauseEnded})
	l.Session(other, nil, 5, nack.Range{}, nil)
	l.Close()
	return dir
}

// run runs crier log.
func run(t *testing.T, args ...string) *clitest.Result {
	t.Helper()
	return clitest.Run(t, Command(), append([]string{"log"}, args...)...)
}

// says reports texts that an output lacks, and lines that are too wide.
func says(t *testing.T, out string, texts ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(out), " ") // lines are broken anywhere
	for _, text := range texts {
		if !strings.Contains(flat, text) {
			t.Errorf("it doesn't say %q:\n%s", text, out)
		}
	}
	for line := range strings.Lines(out) {
		if len([]rune(line)) > 81 && !strings.HasPrefix(line, "crier log") {
			t.Errorf("a line is wider than 80 columns: %s", line)
		}
	}
}

// Partitions have rows of their own, with their topic.
func TestPartitions(t *testing.T) {
	dir := t.TempDir()
	l := logtest.New(t, dir)
	for partition := range uint32(3) {
		l.Tape(journal.Key{Session: feed, Channel: 2 * partition}, &reliable.Title{Publisher: "feed",
			Topic: "orders", Layout: topic.Layout{Partitions: 16, Groups: 4}}, 20, nack.Range{}, nil)
	}
	l.Session(other, nil, 5, nack.Range{}, nil)
	l.Close()
	says(t, run(t, "ls", "--dir", dir).Want(cli.ExitOK).Out.String(),
		"2 sessions with 3 partitions", "topic orders, partition 0, publisher feed",
		"topic orders, partition 4, publisher feed")
	says(t, run(t, "info", "--dir", dir, "8f2a").Want(cli.ExitOK).Out.String(),
		"1 session with 3 partitions", "session 8f2a01c44be07d15 (feed), partition 4, open",
		"topic orders, of 16 partitions")
	says(t, run(t, "verify", "--dir", dir).Want(cli.ExitOK).Out.String(), "2 sessions: all of it")
}

func TestLs(t *testing.T) {
	dir := written(t)
	says(t, run(t, "ls", "--dir", dir).Want(cli.ExitOK).Out.String(), "2 sessions",
		"8f2a01c44be07d15", "feed", "ended", "1,000 to 1,199", "2026-11-30 08:00:00", "open",
		"0 to 4")
	var l Listing
	if err := json.Unmarshal(run(t, "ls", "--dir", dir, "--json").Want(cli.ExitOK).Out.Bytes(),
		&l); err != nil {
		t.Fatal(err)
	}
	if len(l.Sessions) != 2 || l.Sessions[1].Session != "8f2a01c44be07d15" ||
		l.Sessions[1].NextOffset != 1200 || l.Sessions[1].Holes != 1 || l.Sessions[1].Missing != 5 ||
		l.Sessions[1].Continues != "0000000000000007" || l.Sessions[1].From != logtest.Begin.UnixNano() {
		t.Errorf("%+v", l)
	}
}

// A log is listed while it is written, and a process that writes it is named.
func TestLsBeside(t *testing.T) {
	dir := t.TempDir()
	l := logtest.New(t, dir)
	l.Session(other, nil, 25, nack.Range{}, nil)
	says(t, run(t, "ls", "--dir", dir).Want(cli.ExitOK).Out.String(), "writes it", "0 to 24")
	r := run(t, "cut", "--dir", dir, "11", "--all").Want(cli.ExitError)
	says(t, r.Err.String(), "in use by process")
	l.Session(feed, nil, 5, nack.Range{}, nil)
	l.Close()
	says(t, run(t, "ls", "--dir", dir).Want(cli.ExitOK).Out.String(), "2 sessions")
}

func TestInfo(t *testing.T) {
	dir := written(t)
	says(t, run(t, "info", "--dir", dir, "8F2A").Want(cli.ExitOK).Out.String(),
		"session 8f2a01c44be07d15 (feed), ended", "offsets 1,000 to 1,199, in frames 0 to 199",
		"2026-11-30 08:00:00 to 08:00:01 UTC", "continues session 0000000000000007", "segments",
		"0-00000000000000000000.seg", "55 to 59 1,055 to 1,059 unanswered", "free on its disk")
	var n Info
	if err := json.Unmarshal(run(t, "info", "--dir", dir, "--json").Want(cli.ExitOK).Out.Bytes(),
		&n); err != nil {
		t.Fatal(err)
	}
	if len(n.Sessions) != 2 || len(n.Sessions[1].List) < 2 || len(n.Sessions[1].HoleList) != 1 ||
		*n.Sessions[1].HoleList[0].FromOffset != 1055 {
		t.Errorf("%+v", n)
	}
}

// segments returns the files of a session, in order.
func segments(t *testing.T, dir string, session string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, session, "*.seg"))
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	return list
}

// change changes a file.
func change(t *testing.T, name string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, f(b), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestVerify(t *testing.T) {
	dir := written(t)
	says(t, run(t, "verify", "--dir", dir).Want(cli.ExitOK).Out.String(), "2 sessions",
		"all of it verifies")
	change(t, segments(t, dir, "8f2a01c44be07d15")[1], func(b []byte) []byte {
		b[1000] ^= 4
		return b
	})
	says(t, run(t, "verify", "--dir", dir).Want(cli.ExitLost).Out.String(), "don't verify: frames ",
		"1 place is damaged")
	says(t, run(t, "verify", "--dir", dir, "11").Want(cli.ExitOK).Out.String(), "all of it verifies",
		"1 session")
	var v Verdict
	if err := json.Unmarshal(run(t, "verify", "--dir", dir, "--json").Want(cli.ExitLost).Out.Bytes(),
		&v); err != nil {
		t.Fatal(err)
	}
	if v.Damaged != 1 || v.Acknowledged != 1 || len(v.Faults) != 1 || v.Segments < 3 {
		t.Errorf("%+v", v)
	}
}

// An unfinished end is no damage.
func TestVerifyTorn(t *testing.T) {
	dir := t.TempDir()
	l := logtest.New(t, dir)
	l.Session(other, nil, 25, nack.Range{}, nil) // and it isn't closed
	name := segments(t, dir, "1122334455667788")[0]
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir() // which nobody writes to
	name = filepath.Join(dir, "1122334455667788", filepath.Base(name))
	if err := errors.Join(os.Mkdir(filepath.Dir(name), 0o700),
		os.WriteFile(name, b[:len(b)-7], 0o600)); err != nil {
		t.Fatal(err)
	}
	says(t, run(t, "verify", "--dir", dir).Want(cli.ExitOK).Out.String(), "the end is unfinished",
		"all of it verifies")
}

func TestCut(t *testing.T) {
	dir := written(t)
	all := len(segments(t, dir, "8f2a01c44be07d15"))
	dry := run(t, "cut", "--dir", dir, "8f2a", "--before", "offset:1100", "--dry-run").
		Want(cli.ExitOK).Out.String()
	says(t, dry, "would be removed")
	if n := len(segments(t, dir, "8f2a01c44be07d15")); n != all {
		t.Errorf("a dry run removed %d segments", all-n)
	}
	r := run(t, "cut", "--dir", dir, "8f2a", "--before", "offset:1100").Want(cli.ExitOK)
	if want := strings.Replace(dry, "would be removed", "removed", 1); r.Out.String() != want {
		t.Errorf("it says %q, and a dry run %q", r.Out, dry)
	}
	if n := len(segments(t, dir, "8f2a01c44be07d15")); n >= all {
		t.Errorf("%d of %d segments are left", n, all)
	}
	says(t, run(t, "ls", "--dir", dir).Want(cli.ExitOK).Out.String(), " to 1,199")
	run(t, "verify", "--dir", dir).Want(cli.ExitOK)
	says(t, run(t, "cut", "--dir", dir, "--before", "time:2026-11-30T07:00:00Z").Want(cli.ExitOK).
		Out.String(), "nothing was removed")
	says(t, run(t, "cut", "--dir", dir, "8f2a", "--all").Want(cli.ExitOK).Out.String(),
		"nothing is left")
	says(t, run(t, "ls", "--dir", dir).Want(cli.ExitOK).Out.String(), "1 session,")
	says(t, run(t, "cut", "--dir", dir, "--before", "time:2026-11-30T08:00:30Z").Want(cli.ExitOK).
		Out.String(), "1 segment", "nothing is left")
}

// Bad input gets a sentence, and changes nothing.
func TestBadInput(t *testing.T) {
	dir, empty := written(t), t.TempDir()
	file := filepath.Join(empty, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		exit int
		says string
	}{
		{"ls", cli.ExitUsage, "--dir is missing"},
		{"ls --dir /nowhere", cli.ExitError, "there is no directory /nowhere"},
		{"ls --dir " + file, cli.ExitError, "is a file"},
		{"ls --dir " + empty, cli.ExitError, "has no log in it"},
		{"ls here", cli.ExitUsage, ""},
		{"info --dir " + dir + " xyz", cli.ExitUsage, "is no session's id"},
		{"info --dir " + dir + " 9", cli.ExitError, "has no session 9"},
		{"info --dir " + dir + " 1 2", cli.ExitUsage, "it takes one session"},
		{"verify --dir " + dir + " 123", cli.ExitError, "has no session 123"},
		{"cut --dir " + dir, cli.ExitUsage, "it takes --before"},
		{"cut --dir " + dir + " --all", cli.ExitUsage, "--all needs a session"},
		{"cut --dir " + dir + " --before offset:3", cli.ExitUsage, "needs a session"},
		{"cut --dir " + dir + " --before yesterday", cli.ExitUsage, "is not an end"},
		{"cut --dir " + empty + " --before time:-1h", cli.ExitError, "has no log in it"},
	} {
		r := run(t, strings.Fields(test.args)...).Want(test.exit)
		if !strings.Contains(r.Err.String(), test.says) {
			t.Errorf("crier log %s says %q", test.args, r.Err)
		}
	}
	if _, err := os.Stat(filepath.Join(empty, "LOCK")); err == nil {
		t.Error("cut left a lock in a directory without a log")
	}
}

// A segment of another version, and a file that isn't one, are named and left alone.
func TestStrangeFiles(t *testing.T) {
	dir := t.TempDir()
	l := logtest.New(t, dir)
	l.Session(other, nil, 25, nack.Range{}, nil)
	l.Close()
	name := segments(t, dir, "1122334455667788")[0]
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	newer := func(b []byte) []byte {
		for i := 0; i+9 < len(b); i++ {
			if string(b[i:i+4]) == string(b[:4]) {
				b[i+8] = 9
			}
		}
		return b
	}
	change(t, name, newer)
	says(t, run(t, "ls", "--dir", dir).Want(cli.ExitError).Err.String(),
		"of another version of the format")
	says(t, run(t, "cut", "--dir", dir, "11", "--all").Want(cli.ExitError).Err.String(),
		"of another version of the format")
	change(t, name, func([]byte) []byte { return []byte("hello") })
	says(t, run(t, "verify", "--dir", dir).Want(cli.ExitError).Err.String(), "isn't of a log")
	change(t, name, func([]byte) []byte { return whole })
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, run(t, "ls", "--dir", dir).Want(cli.ExitOK).Out.String(), "notes.txt is no file of a log")
	run(t, "verify", "--dir", dir).Want(cli.ExitOK)
}
