package main

import (
	"regexp"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// lasting matches how long a trouble has lasted.
var lasting = regexp.MustCompile(`\b(for|after) [0-9.]+ s\b`)

// flowing returns text with its line breaks and columns as single spaces, and N for how long a
// trouble has lasted.
func flowing(c *capture) string {
	return lasting.ReplaceAllString(strings.Join(strings.Fields(c.String()), " "), "$1 N s")
}

// A subscriber that hears nothing says soon what it has ruled out, and what remains.
func TestNothingComes(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub")...)
	sub.await(sub.err, "next ", 1)
	sub.stop()
	text := flowing(sub.wait(cli.ExitError).err)
	for _, want := range []string{
		"no session was heard on " + group[1] + " by interface lo for N s: no datagram came at all",
		"remains no publisher runs on this machine",
		"next crier doctor --iface lo --group " + group[1],
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, sub.err)
		}
	}
	for line := range strings.Lines(sub.err.String()) {
		if strings.HasPrefix(line, "  ") && len(line) > 80+len("\n") {
			t.Errorf("%q is too long", line)
		}
	}
}

// Before that, it is said at the end.
func TestNothingCameSoon(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--timeout", "50ms")...).wait(cli.ExitError)
	if text := flowing(sub.err); !strings.Contains(text,
		"next crier doctor --iface lo --group "+group[1]+
			" crier sub: no session was heard on "+group[1]) {
		t.Error(sub.err)
	}
	quiet := start(t, nil, on(group, "sub", "--timeout", "50ms", "--quiet")...).wait(cli.ExitError)
	if n := strings.Count(quiet.err.String(), "\n"); n != 1 {
		t.Errorf("%d lines: %s", n, quiet.err)
	}
}

// The senders of what is no frame are named, with what it may be.
func TestOthersDatagrams(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub")...).listening()
	throw(t, group[1], []byte("GET / HTTP/1.1\r\n"), []byte("GET / HTTP/1.1\r\n"))
	sub.await(sub.err, "next ", 1)
	sub.stop()
	sub.wait(cli.ExitError)
	if text := flowing(sub.err); !regexp.MustCompile(
		`for N s: 2 datagrams came, none of them a frame .* from [0-9.:]+: 2 datagrams, text: "GET`,
	).MatchString(text) {
		t.Error(sub.err)
	}
}

// A publisher that nobody hears says so, and one that is heard doesn't.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	pub := start(t, strings.NewReader("1\n2\n"),
		on(group, "pub", "--from", "-")...).wait(cli.ExitOK)
	const nobody = "no subscriber was heard in "
	if text := flowing(pub.err); strings.Count(text, nobody) != 1 ||
		!strings.Contains(text, "ruled out sending: the kernel took all of ") ||
		!strings.HasSuffix(text, "next crier doctor --iface lo --group "+group[1]) {
		t.Error(pub.err)
	}
	group = testGroup(t)
	sub := start(t, nil, on(group, "sub", "--until-end")...).listening()
	pub = start(t, strings.NewReader("1\n2\n"),
		on(group, "pub", "--from", "-")...).wait(cli.ExitOK)
	if sub.wait(cli.ExitOK); strings.Contains(pub.err.String(), nobody) {
		t.Error(pub.err)
	}
}

// Both ends report at intervals, also where they are told to be quiet.
func TestIntervals(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--until-end", "-q", "-i", "0.2")...)
	pub := start(t, nil, on(group, "pub", "--count", "2000", "--rate", "2000", "--wait-for", "1",
		"--quiet", "--interval", "200ms")...).wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	for _, c := range []*tool{sub, pub} {
		text := c.err.String()
		if strings.Count(text, "msg/s") != 1 || strings.Count(text, "\n") < 5 ||
			!regexp.MustCompile(`(?m)^ +[0-9.]+ m?s +[0-9.]+ k +`).MatchString(text) {
			t.Errorf("crier %s: %s", c.args, text)
		}
		for line := range strings.Lines(text) {
			if len(line) > 80 {
				t.Errorf("%q is too long", line)
			}
		}
	}
	bad := start(t, nil, on(group, "sub", "-i", "0")...).wait(cli.ExitUsage)
	if !strings.Contains(bad.err.String(), "--interval 0 is outside 100ms to 24h") {
		t.Error(bad.err)
	}
}

// What comes from several groups and publishers is told apart by names and groups, in words,
// in lines of JSON, and in the summary.
func TestWhereLinesComeFrom(t *testing.T) {
	t.Parallel()
	a, b := testGroup(t), testGroup(t)
	file := t.TempDir() + "/sub"
	sub := start(t, nil, on(append(a, b[:2]...), "sub", "--count", "2", "--format", "json",
		"--summary", file)...).listening()
	for i, group := range [][]string{a, b} {
		start(t, strings.NewReader("1\n"), on(group, "pub", "--from", "-", "--name",
			[]string{"left", "right"}[i])...)
	}
	sub.wait(cli.ExitOK)
	sum := summaryOf[subSummary](t, file)
	groups := map[string]string{"left": a[1], "right": b[1]}
	for _, s := range sum.Sessions {
		words := "session " + s.Session + " (" + s.Name + ") from " + s.Source + " on " + s.Group
		if s.Group != groups[s.Name] || !strings.Contains(sub.err.String(), words+": offset 0,") {
			t.Errorf("%s: %s\n%s", s.Name, s.Group, sub.err)
		}
	}
	for _, l := range linesOf(t, sub.out.bytes()) {
		if l.Group != a[1] && l.Group != b[1] ||
			l.Type == "message" && l.Group != groups[l.Name] {
			t.Errorf("%+v", l)
		}
	}
}
