//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
)

// waiting is a publisher, in a process of its own, that has published two lines and
// waits for more.
func waiting(t *testing.T, args ...string) *tool {
	t.Helper()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub")...).listening()
	return saying(t, group, args, sub)
}

// paced is a publisher that keeps the pace of one subscriber, and that subscriber, each
// in a process of its own.
func paced(t *testing.T, subArgs []string, args ...string) (pub, sub *tool) {
	t.Helper()
	group := testGroup(t)
	sub = spawn(t, nil, append(on(group, "sub", "--name", "one"), subArgs...)...).listening()
	pub = spawn(t, nil,
		append(on(group, "pub", "--pace", "slowest", "--wait-for", "1", "--linger",
			"50ms"), args...)...)
	return pub, sub
}

var pubWays = map[string]func(*testing.T) *tool{
	"its input ends, or `--count` is reached": func(t *testing.T) *tool {
		start(t, nil, on(testGroup(t), "pub", "--count", "2", "--linger", "50ms")...).wait(
			cli.ExitOK)
		return start(t, strings.NewReader("0\n1\n"),
			on(testGroup(t), "pub", "--from", "-", "--linger", "50ms")...)
	},
	"`--record`: the disk is too slow, full or broken for all messages": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "20000", "--size", "1000",
			"--resend-buffer", "16KiB", "--record", t.TempDir(), "--linger", "50ms")...)
	},
	"nobody hears it": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "3", "--rate", "1.5", "--linger",
			"50ms")...)
	},
	"`--continue`, and nobody knows where its stream ended": func(t *testing.T) *tool {
		return start(t, nil,
			on(testGroup(t), "pub", "--count", "1", "--name", "trades", "--continue")...)
	},
	"`--continue`, and a publisher of its name runs": func(t *testing.T) *tool {
		group := testGroup(t)
		sub := start(t, nil, on(group, "sub")...).listening()
		start(t, nil, on(group, "pub", "--rate", "10", "--name", "trades", "-q")...)
		sub.await(sub.out, "\n", 1)
		return start(t, nil,
			on(group, "pub", "--count", "1", "--name", "trades", "--continue=or-new")...)
	},
	"a signal": func(t *testing.T) *tool {
		c := waiting(t)
		c.signal(sigterm)
		return c
	},
	"two signals at once": func(t *testing.T) *tool {
		c := waiting(t, "--summary", filepath.Join(t.TempDir(), "s"))
		c.signal(sigterm)
		c.signal(sigterm)
		<-c.ended
		if sum := summaryOf[pubSummary](t, c.flag("--summary")); sum.Counters.N("accepted") != 2 {
			t.Errorf("%+v", sum)
		}
		return c
	},
	"a second signal, half a second or more after the first": func(t *testing.T) *tool {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := makeFIFO(fifo); err != nil {
			t.Skip("no named pipe:", err)
		}
		full, err := os.OpenFile(fifo, os.O_RDWR|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { full.Close() })
		full.SetWriteDeadline(time.Now())
		for err == nil { // until the summary finds no room
			_, err = full.Write(make([]byte, 4096))
		}
		c := waiting(t, "--summary", fifo)
		for {
			c.cmd.Process.Signal(os.Interrupt) // or it has ended
			select {
			case <-c.ended:
				return c
			case <-time.After(100 * time.Millisecond):
			}
		}
	},
	"killed": func(t *testing.T) *tool {
		c := waiting(t)
		c.signal(syscall.SIGKILL)
		return c
	},
	"a signal before its input was opened": func(t *testing.T) *tool {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := makeFIFO(fifo); err != nil {
			t.Skip("no named pipe:", err)
		}
		c := start(t, nil, on(testGroup(t), "pub", "--from", fifo)...)
		c.stop()
		<-c.ended
		w, err := os.OpenFile(fifo, os.O_RDWR, 0) // lets the goroutine that opens it end
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		return c
	},
	"a signal while it waits for subscribers": func(t *testing.T) *tool {
		c := spawn(t, nil, on(testGroup(t), "pub", "--count", "1", "--wait-for", "1", "--linger",
			"50ms")...)
		c.await(c.err, "waiting for 1 subscriber", 1)
		c.stop()
		return c
	},
	"a signal before all had gone out": func(t *testing.T) *tool {
		group := testGroup(t)
		sub := start(t, nil, on(group, "sub")...).listening()
		c := spawn(t, nil, on(group, "pub", "--count", "1000", "--size", "1000", "--max-rate",
			"525kbit")...)
		sub.await(sub.out, "\n", 10) // which takes long, and to accept all takes no time
		c.stop()
		return c
	},
	"subscribers whose pace counts have all": func(t *testing.T) *tool {
		c, sub := paced(t, []string{"--until-end"}, "--count", "100", "--summary",
			filepath.Join(t.TempDir(), "s"))
		sub.wait(cli.ExitOK)
		<-c.ended
		sum := summaryOf[pubSummary](t, c.flag("--summary"))
		if len(sum.Subscribers) != 1 || sum.Counters.N("subscribers_lacking") != 0 ||
			sum.Subscribers[0].Name != "one" ||
			sum.Subscribers[0].Offset != 100 || sum.Subscribers[0].Lag != 0 {
			t.Errorf("%+v", sum)
		}
		return c
	},
	"a subscriber whose pace counts left, with messages undelivered": func(t *testing.T) *tool {
		c, sub := paced(t, []string{"--count", "3", "--work", "20ms"}, "--count", "1000", "--size",
			"1000", "--rate", "10000")
		sub.wait(cli.ExitOK)
		return c
	},
	"a subscriber whose pace counts was killed": func(t *testing.T) *tool {
		c, sub := paced(t, nil, "--count", "2000", "--rate", "1000", "--stall-timeout", "200ms",
			"--summary", filepath.Join(t.TempDir(), "s"))
		sub.await(sub.out, "\n", 1)
		sub.signal(syscall.SIGKILL)
		<-c.ended
		sum := summaryOf[pubSummary](t, c.flag("--summary"))
		if sum.Counters.N("subscribers_lacking") != 1 || len(sum.Subscribers) != 1 ||
			!sum.Subscribers[0].Lacks ||
			sum.Subscribers[0].Offset+sum.Subscribers[0].Lag != 2000 {
			t.Errorf("%+v", sum)
		}
		return c
	},
	"a subscriber whose pace counts was evicted from the count": func(t *testing.T) *tool {
		c, sub := paced(t, nil, "--count", "20000", "--size", "1000", "--rate", "20000",
			"--resend-buffer", "64KiB", "--stall-timeout", "200ms")
		sub.await(sub.out, "\n", 1)
		sub.signal(syscall.SIGSTOP)
		c.await(c.err, "held the others back", 1)
		return c
	},
	"messages found no room, and were dropped": func(t *testing.T) *tool {
		c, _ := paced(t, []string{"--work", "1ms"}, "--count", "500", "--size", "1000", "--rate",
			"20000", "--resend-buffer", "64KiB", "--when-full", "drop")
		return c
	},
	"repairs were owed when the time for them was over": func(t *testing.T) *tool {
		group := testGroup(t)
		start(t, nil, on(group, "sub", "--drop", "0.5")...).listening()
		return start(t, nil, on(group, "pub", "--count", "3000", "--size", "1000", "--rate",
			"20000",
			"--repair-floor", "8bit", "--repair-share", "0.001", "--linger", "200ms")...)
	},
	"a signal, and a subscriber still asks when the time for repairs is over": func(
		t *testing.T) *tool {
		group := testGroup(t)
		start(t, nil, on(group, "sub", "--name", "deaf", "--drop", "0.95")...).listening()
		all := start(t, nil, on(group, "sub")...).listening()
		c := spawn(t, nil, on(group, "pub", "--count", "300", "--size", "1000",
			"--summary", filepath.Join(t.TempDir(), "s"))...)
		all.await(all.out, "\n", 300)
		c.signal(os.Interrupt)
		<-c.ended
		sum := summaryOf[pubSummary](t, c.flag("--summary"))
		if sum.Counters.N("subscribers_asking") != 1 ||
			!strings.Contains(c.err.String(), "repairs were cut short: subscriber deaf (") {
			t.Errorf("%+v", sum)
		}
		return c
	},
	"frames were asked for that were no longer held": func(t *testing.T) *tool {
		group := testGroup(t)
		sub := start(t, nil, on(group, "sub", "--drop", "0.3", "--until-end")...).listening()
		c := start(t, nil, on(group, "pub", "--count", "20000", "--size", "1000",
			"--resend-buffer", "64KiB")...)
		sub.wait(cli.ExitLost)
		c.await(c.err, "no longer held, and what was in them is lost", 1)
		return c
	},
	"its interface goes down": func(t *testing.T) *tool {
		if os.Getuid() != 0 {
			t.Skip("making a network namespace needs root")
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		c := newTool(t, []string{"pub", "--iface", "lo", "--count", "500", "--rate", "1000",
			"--linger", "50ms"})
		cue, give := osPipe(t)
		const script = `ip link set lo up || exit; "$0" "$@" & ` +
			`read cue; ip link set lo down; wait $!`
		cmd := exec.Command("unshare",
			append([]string{"-n", "sh", "-c", script, self}, c.args...)...)
		if err := c.begin(cmd, cue, c.out); err != nil {
			t.Skip("making a network namespace:", err)
		}
		c.await(c.err, "publishing session", 1)
		give.WriteString("down\n")
		return c
	},
	"its input is damaged": func(t *testing.T) *tool {
		return start(t, strings.NewReader("\x00\x00\x00\x03one\x00\x00\x00\x09two"),
			on(testGroup(t), "pub", "--from", "-", "--format", "len", "--linger", "50ms")...)
	},
	"`--from -`, and standard input was closed before the start": func(t *testing.T) *tool {
		c := newTool(t, on(testGroup(t), "pub", "--from", "-"))
		c.behind("<&-")
		return c
	},
	"`--summary -`, and standard output was closed before the start": func(t *testing.T) *tool {
		c := newTool(t, on(testGroup(t), "pub", "--count", "1", "--summary", "-"))
		c.behind(">&-")
		return c
	},
	"standard error is closed, or a full disk": func(t *testing.T) *tool {
		c := newTool(t, on(testGroup(t), "pub", "--count", "1", "--linger", "50ms"))
		c.behind("2>&-")
		c.wait(cli.ExitOK)
		c = newTool(t, on(testGroup(t), "pub", "--count", "1", "--linger", "50ms"))
		c.behind("2>/dev/full")
		return c
	},
	"the summary's disk is full": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "1", "--linger", "50ms",
			"--summary", openFull(t).Name())...)
	},
	"`--accepted` can't be written": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "1", "--accepted",
			openFull(t).Name())...)
	},
	"wrong words or values": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "pub", "--count", "0")...)
	},
}

// The other commands compute, and print.
var (
	demoWays = map[string]func(*testing.T) *tool{
		"it has played": func(t *testing.T) *tool { return start(t, nil, "demo", "overload") },
		"standard output is closed by its reader": func(t *testing.T) *tool {
			return toClosed(t, "demo")
		},
		"standard output was closed before the start": func(t *testing.T) *tool {
			c := newTool(t, []string{"demo"})
			c.behind(">&-")
			return c
		},
		"standard output is a full disk": func(
			t *testing.T) *tool {
			return startInto(t, openFull(t), nil, "demo", "--json")
		},
		"a signal": func(t *testing.T) *tool {
			testGroup(t)
			c := spawn(t, nil, "demo", "--net", "lo")
			c.await(c.out, "250 ms", 1)
			c.stop()
			return c
		},
		"wrong words or values": func(
			t *testing.T) *tool {
			return start(t, nil, "demo", "--net", "moon")
		},
	}
	simWays = map[string]func(*testing.T) *tool{
		"it has run": func(
			t *testing.T) *tool {
			return start(t, nil, "sim", "run", clitest.ScenarioFile(t, clitest.SmallScenario))
		},
		"standard output is closed by its reader": func(t *testing.T) *tool {
			return toClosed(t, "sim", "run", clitest.ScenarioFile(t, clitest.SmallScenario))
		},
		"standard output was closed before the start": func(t *testing.T) *tool {
			c := newTool(t, []string{"sim", "run", clitest.ScenarioFile(t, clitest.SmallScenario)})
			c.behind(">&-")
			return c
		},
		"standard output is a full disk": func(t *testing.T) *tool {
			return startInto(t, openFull(t), nil, "sim", "run",
				clitest.ScenarioFile(t, clitest.SmallScenario))
		},
		"a file's disk is full": func(t *testing.T) *tool {
			return start(t, nil, "sim", "run", clitest.ScenarioFile(t, clitest.SmallScenario),
				"--json", openFull(t).Name())
		},
		"a signal": func(t *testing.T) *tool {
			c := spawn(t, nil, "sim", "run",
				clitest.ScenarioFile(t,
					strings.Replace(clitest.SmallScenario, "duration: 1s", "duration: 24h", 1)),
				"--trace", "-")
			c.await(c.out, "\n", 1)
			c.stop()
			return c
		},
		"a signal, after some of a sweep's runs": func(t *testing.T) *tool {
			return interrupted(t, "1 of 2 runs", "sim", "sweep", "clean", "--vary",
				"duration=200ms,1h", "--workers", "1")
		},
		"wrong words or values": func(t *testing.T) *tool {
			return start(t, nil, "sim", "run", "nosuch")
		},
	}
	benchWays = map[string]func(*testing.T) *tool{
		"it has measured": func(t *testing.T) *tool {
			testGroup(t)
			return start(t, nil, append([]string{"bench", "throughput"}, quick...)...)
		},
		"standard output is a full disk": func(t *testing.T) *tool {
			testGroup(t)
			return startInto(t, openFull(t), nil,
				append([]string{"bench", "throughput"}, quick...)...)
		},
		"a signal, after some of its runs": func(t *testing.T) *tool {
			testGroup(t)
			return interrupted(t, "run 2 of 1000: ", "bench", "throughput", "--duration", "20ms",
				"--runs", "1000")
		},
		"wrong words or values": func(t *testing.T) *tool {
			return start(t, nil, "bench", "throughput", "--runs", "0")
		},
	}
)

// toClosed runs crier into a pipe that nobody reads any more.
func toClosed(t *testing.T, args ...string) *tool {
	t.Helper()
	r, w := osPipe(t)
	r.Close()
	return startInto(t, w, nil, args...)
}
