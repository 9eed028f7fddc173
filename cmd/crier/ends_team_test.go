//go:build linux

package main

import (
	"io"
	"os"
	"syscall"
	"testing"

	"crier/cmd/crier/cli"
)

// member is a member of the team risk.
func member(t *testing.T, topic []string, name string, args ...string) *tool {
	t.Helper()
	return start(t, nil, append(on(topic, "sub", "--team", "risk", "--name", name, "--format",
		"json"), args...)...).listening()
}

// shared is a publisher, in a process of its own, whose message a member has got.
func shared(t *testing.T, topic []string, m *tool, args ...string) (*tool, *os.File) {
	t.Helper()
	in, feed := osPipe(t)
	pub := spawn(t, in, append(on(topic, "pub", "--from", "-", "--linger", "50ms"), args...)...)
	io.WriteString(feed, "0\n")
	if m != nil {
		m.await(m.out, `"assigned"`, 1)
		io.WriteString(feed, "1\n")
		m.await(m.out, `"text":"1"`, 1)
	}
	return pub, feed
}

// worked is a topic whose publisher runs, with a team that has a member.
func worked(t *testing.T) string {
	t.Helper()
	topic := testTopic(t)
	shared(t, topic, member(t, topic, "a", "--timeout", "60s"))
	return topic[len(topic)-1]
}

// subTeamWays are the ways in which a member of a team ends.
var subTeamWays = map[string]func(*testing.T) *tool{
	"`--team`: the publisher said BYE": func(t *testing.T) *tool {
		topic := endTopic(t)
		c := member(t, topic, "a", "--until-end")
		pub, feed := shared(t, topic, c)
		feed.Close()
		pub.wait(cli.ExitOK)
		return c
	},
	"`--team`: the publisher was killed": func(t *testing.T) *tool {
		topic := endTopic(t)
		c := member(t, topic, "a", "--until-end")
		pub, _ := shared(t, topic, c)
		pub.signal(syscall.SIGKILL)
		return c
	},
	"`--team`: a signal while the session goes on": func(t *testing.T) *tool {
		topic := endTopic(t)
		c := spawn(t, nil, on(topic, "sub", "--team", "risk", "--format", "json")...).listening()
		shared(t, topic, c)
		c.signal(os.Interrupt)
		return c
	},
	"`--team`: another member has its name": func(t *testing.T) *tool {
		topic := endTopic(t)
		a := member(t, topic, "a", "--until-end")
		pub, feed := shared(t, topic, a)
		c := member(t, topic, "a", "--until-end")
		c.await(c.out, "name-taken", 1)
		feed.Close()
		pub.wait(cli.ExitOK)
		return c
	},
	"`--team`: the publisher grants nothing": func(t *testing.T) *tool {
		topic := endTopic(t)
		c := member(t, topic, "a", "--until-end")
		pub, feed := shared(t, topic, nil, "--no-teams")
		c.await(c.out, "no-teams", 1)
		feed.Close()
		pub.wait(cli.ExitOK)
		return c
	},
	"`--team` without `--topic`": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "sub", "--team", "risk")...)
	},
}

// teamWays are the ways in which crier team ends.
var teamWays = map[string]func(*testing.T) *tool{
	"a publisher has the team": func(t *testing.T) *tool {
		return start(t, nil, "team", worked(t), "risk")
	},
	"no publisher has the team": func(t *testing.T) *tool {
		return start(t, nil, "team", worked(t), "nobody")
	},
	"there is no such topic": func(t *testing.T) *tool {
		testGroup(t)
		return start(t, nil, "team", "no.such.topic", "risk")
	},
	"`--at`: nobody answers": func(t *testing.T) *tool {
		testGroup(t)
		return start(t, nil, "team", "orders", "risk", "--at", "127.0.0.1:1")
	},
	"`--forget`: the team has members": func(t *testing.T) *tool {
		return start(t, nil, "team", worked(t), "risk", "--forget")
	},
	"`--watch`: a signal": func(t *testing.T) *tool {
		name := worked(t)
		c := spawn(t, nil, "team", "--watch", name, "risk")
		c.await(c.out, "shares", 1)
		c.signal(os.Interrupt)
		return c
	},
	"standard output is a full disk": func(t *testing.T) *tool {
		return startInto(t, openFull(t), nil, "team", worked(t), "risk")
	},
	"wrong words or values": func(t *testing.T) *tool { return start(t, nil, "team", "orders") },
}
