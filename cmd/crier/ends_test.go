//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"crier/cmd/crier/cli"
)

// endRow is a row of docs/EXIT.md: how a command ends.
type endRow struct {
	how  string
	code int
	last string // its last words; "-" for whatever they are
}

// endRows reads the tables of docs/EXIT.md, by command.
func endRows(t *testing.T) map[string][]endRow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "EXIT.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, command := map[string][]endRow{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## crier "); ok {
			command = name
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if command == "" || len(cells) != 3 {
			continue
		}
		if code, err := strconv.Atoi(cells[1]); err == nil {
			rows[command] = append(rows[command], endRow{cells[0], code, cells[2]})
		}
	}
	return rows
}

// lastLine is the last line of what was printed.
func lastLine(c *capture) string {
	text := strings.TrimSpace(c.String())
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// exitCode is what a shell shows.
func (c *tool) exitCode() int {
	if c.cmd != nil {
		if s, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			return 128 + int(s.Signal())
		}
	}
	return c.exit
}

// Each row of docs/EXIT.md is how the tool ends, and each way to end that is tried here
// is a row there.
func TestEnds(t *testing.T) {
	t.Parallel()
	rows := endRows(t)
	for command, ways := range endWays {
		listed := map[string]bool{}
		for _, row := range rows[command] {
			listed[row.how] = true
			t.Run(command+" "+row.how, func(t *testing.T) {
				t.Parallel()
				way := ways[row.how]
				if way == nil {
					t.Fatal("nothing here ends like that")
				}
				c := way(t)
				<-c.ended
				if c.exitCode() != row.code || row.last != "-" &&
					!strings.Contains(lastLine(c.err), row.last) {
					t.Errorf("crier %s: exit code %d, want %d; last words %q, want %q\n%s%s",
						c.args, c.exitCode(), row.code, lastLine(c.err), row.last,
						tail(c.out), tail(c.err))
				}
			})
		}
		for how := range ways {
			if !listed[how] {
				t.Errorf("docs/EXIT.md doesn't say what happens to crier %s: %s", command, how)
			}
		}
	}
}

// endWays are the ways to end, by command.
var endWays = map[string]map[string]func(*testing.T) *tool{
	"sub": join(join(subWays, subTopicWays), subTeamWays), "team": teamWays,
	"record": recordWays, "replay": replayWays, "log": logWays, "ls": lsWays,
	"pub": join(pubWays, pubTopicWays), "demo": demoWays, "sim": simWays, "bench": benchWays,
	"decode": decodeWays, "doctor": doctorWays,
}

// said is a publisher of two messages that says BYE.
func said(t *testing.T, group []string) {
	t.Helper()
	start(t, strings.NewReader("0\n1\n"),
		on(group, "pub", "--from", "-", "--linger", "50ms")...).wait(cli.ExitOK)
}

// saying is a publisher, in a process of its own, of which subscribers have heard two
// messages and no end.
func saying(t *testing.T, group, args []string, subs ...*tool) *tool {
	t.Helper()
	in, feed := osPipe(t)
	pub := spawn(t, in, append(on(group, "pub", "--from", "-"), args...)...)
	io.WriteString(feed, "0\n1\n")
	for _, s := range subs {
		s.await(s.out, "1\n", 1)
	}
	return pub
}

// ends is a subscriber that has heard a session end.
func ends(t *testing.T, args ...string) *tool {
	t.Helper()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", args...)...).listening()
	said(t, group)
	return sub
}

// goesOn is a subscriber that has heard two messages of a session that goes on.
func goesOn(t *testing.T, args ...string) *tool {
	t.Helper()
	group := testGroup(t)
	sub := spawn(t, nil, on(group, "sub", args...)...).listening()
	saying(t, group, nil, sub)
	return sub
}

// oneKilled is a subscriber of two publishers: one was killed, the other said BYE.
func oneKilled(t *testing.T, args ...string) *tool {
	t.Helper()
	a, b := testGroup(t), testGroup(t)
	sub := start(t, nil, on(append(a, b[:2]...), "sub", args...)...).listening()
	saying(t, a, nil, sub).signal(syscall.SIGKILL)
	said(t, b)
	return sub
}

// osPipe is a pipe that stays open until the test ends.
func osPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// openFull opens a disk without room.
func openFull(t *testing.T) *os.File {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { full.Close() })
	return full
}

var subWays = map[string]func(*testing.T) *tool{
	"`--until-end`: the publisher said BYE": func(t *testing.T) *tool {
		return ends(t, "--until-end")
	},
	"`--until-end`: the publisher was killed": func(t *testing.T) *tool {
		group := testGroup(t)
		sub := start(t, nil, on(group, "sub", "--until-end")...).listening()
		saying(t, group, nil, sub).signal(syscall.SIGKILL)
		return sub
	},
	"`--until-end`: the publisher was killed, and started again with `--continue`": func(
		t *testing.T) *tool {
		group := testGroup(t)
		sub := start(t, nil, on(group, "sub", "--until-end")...).listening()
		first := saying(t, group, []string{"--name", "trades"}, sub)
		first.signal(syscall.SIGKILL)
		<-first.ended
		start(t, nil, on(group, "pub", "--name", "trades", "--count", "3", "--continue")...).
			wait(cli.ExitOK)
		return sub
	},
	"`--until-end`: of two publishers one was killed": func(t *testing.T) *tool {
		return oneKilled(t, "--until-end")
	},
	"`--until-end`: messages were lost": func(t *testing.T) *tool {
		group := testGroup(t)
		sub := start(t, nil, on(group, "sub", "--until-end", "--recovery", "off", "--drop",
			"0.5")...).listening()
		start(t, nil, on(group, "pub", "--count", "100", "--rate", "2000")...).wait(cli.ExitOK)
		return sub
	},
	"`--count` is reached": func(t *testing.T) *tool {
		return goesOn(t, "--count", "2")
	},
	"`--count` is reached, and of two publishers one was killed": func(t *testing.T) *tool {
		return oneKilled(t, "--count", "4")
	},
	"`--timeout` while the session goes on": func(t *testing.T) *tool {
		return goesOn(t, "--timeout", "4s")
	},
	"`--timeout` before `--count`, while the session goes on": func(t *testing.T) *tool {
		c := goesOn(t, "--timeout", "4s", "--count", "1000")
		c.await(c.err, "crier sub: 2 of 1000 messages came within 4s\n", 1)
		return c
	},
	"`--timeout` before `--count`, after BYE": func(t *testing.T) *tool {
		return ends(t, "--timeout", "4s", "--count", "1000")
	},
	"`--timeout` after BYE": func(t *testing.T) *tool {
		return ends(t, "--timeout", "4s")
	},
	"`--timeout` before anything was heard": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "sub", "--timeout", "1ms")...)
	},
	"a signal while the session goes on": func(t *testing.T) *tool {
		c := goesOn(t)
		c.signal(os.Interrupt)
		return c
	},
	"a signal before the session had a message": func(t *testing.T) *tool {
		group := testGroup(t)
		sub := spawn(t, nil, on(group, "sub")...).listening()
		in, _ := osPipe(t)
		start(t, in, on(group, "pub", "--from", "-")...)
		sub.await(sub.err, "is heard", 1)
		sub.signal(sigterm)
		return sub
	},
	"a signal after BYE": func(t *testing.T) *tool {
		c := ends(t)
		c.await(c.err, " ended\n", 1)
		c.stop()
		return c
	},
	"a signal before anything was heard": func(t *testing.T) *tool {
		c := spawn(t, nil, on(testGroup(t), "sub")...).listening()
		c.signal(sighup)
		return c
	},
	"killed": func(t *testing.T) *tool {
		c := goesOn(t)
		c.signal(syscall.SIGKILL)
		return c
	},
	"standard output is closed by its reader": func(t *testing.T) *tool {
		group := testGroup(t)
		r, w := osPipe(t)
		c := newTool(t, on(group, "sub"))
		c.process(nil, w)
		w.Close()
		c.listening()
		r.Close()
		said(t, group)
		return c
	},
	"standard output is a full disk": func(t *testing.T) *tool {
		group := testGroup(t)
		c := startInto(t, openFull(t), nil, on(group, "sub")...).listening()
		said(t, group)
		return c
	},
	"standard output was closed before the start": func(t *testing.T) *tool {
		c := newTool(t, on(testGroup(t), "sub"))
		c.behind(">&-")
		return c
	},
	"the summary's disk is full": func(t *testing.T) *tool {
		return ends(t, "--until-end", "--summary", openFull(t).Name())
	},
	"the summary's file can't be made": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "sub", "--summary", "/dev/full/x")...)
	},
	"standard input or error is closed, or error is a full disk": func(t *testing.T) *tool {
		group := testGroup(t)
		var last *tool
		for _, redirected := range []string{"<&-", "2>&-", "2>/dev/full"} {
			c := newTool(t, on(group, "sub", "--until-end", "--name", redirected))
			c.behind(redirected)
			if last != nil {
				t.Cleanup(func() { c.wait(cli.ExitOK) })
			}
			last = c
		}
		// Two of them say nothing: their publisher waits for them.
		start(t, strings.NewReader("0\n1\n"),
			on(group, "pub", "--from", "-", "--wait-for", "3")...).wait(cli.ExitOK)
		return last
	},
	"wrong words or values": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "sub", "--count", "0")...)
	},
}

// behind runs crier in a process of its own, with redirections of a shell.
func (c *tool) behind(redirected string) {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command("sh",
		append([]string{"-c", fmt.Sprintf(`exec "$0" "$@" %s`, redirected), self}, c.args...)...)
	if err := c.begin(cmd, nil, c.out); err != nil {
		c.t.Fatal(err)
	}
}
