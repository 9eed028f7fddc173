//go:build linux

package main

import (
	"maps"
	"os"
	"strings"
	"syscall"
	"testing"

	"crier/cmd/crier/cli"
)

// join returns the ways of both.
func join(a, b map[string]func(*testing.T) *tool) map[string]func(*testing.T) *tool {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// endTopic is a topic on a group that only this test uses.
func endTopic(t *testing.T) []string {
	t.Helper()
	return append(testGroup(t), "--topic", "ends")
}

// parted is a subscriber of some partitions of a topic that has four, each with a message, and said
// BYE.
func parted(t *testing.T, partitions string, args ...string) *tool {
	t.Helper()
	topic := endTopic(t)
	c := start(t, nil, append(on(topic, "sub", "--partition", partitions), args...)...).
		listening()
	start(t, strings.NewReader("a\nb\nc\nd\n"), on(topic, "pub", "--partitions", "4", "--key",
		"^(.)", "--from", "-", "--linger", "5s")...).wait(cli.ExitOK)
	return c
}

// subTopicWays are the ways in which crier sub ends by topics, partitions and feeds.
var subTopicWays = map[string]func(*testing.T) *tool{
	"`--topic` and `--partition`: the publisher said BYE": func(t *testing.T) *tool {
		return parted(t, "0-3", "--until-end")
	},
	"`--topic`: the publisher of several partitions was killed": func(t *testing.T) *tool {
		topic := endTopic(t)
		c := start(t, nil, on(topic, "sub", "--until-end")...).listening()
		in, feed := osPipe(t)
		pub := spawn(t, in, on(topic, "pub", "--partitions", "4", "--from", "-")...)
		for i := range 4 { // to the partitions in turn
			feed.WriteString("0\n")
			c.await(c.out, "\n", i+1)
		}
		pub.signal(syscall.SIGKILL)
		return c
	},
	"`--partition`: one of those that are wanted isn't there": func(t *testing.T) *tool {
		c := parted(t, "0-3,9", "--until-end")
		c.await(c.err, "a partition that is wanted isn't there", 1)
		return c
	},
	"`--partition`: none of those that are wanted is there": func(t *testing.T) *tool {
		c := parted(t, "9", "--timeout", "3s")
		c.await(c.err, "a partition that is wanted isn't there", 1)
		return c
	},
	"`--feed`: one of two brings nothing": func(t *testing.T) *tool {
		a, b := testGroup(t), testGroup(t)
		feeds := []string{"--feed", a[1] + "@lo", "--feed", b[1] + "@lo"}
		c := start(t, nil, append([]string{"sub", "--until-end"}, feeds...)...).listening()
		start(t, nil, on(a, "pub", "--count", "100", "--linger", "50ms")...).wait(cli.ExitOK)
		return c
	},
	"`--topic` with a pattern, and none that matches is announced": func(t *testing.T) *tool {
		testGroup(t)
		return start(t, nil, "sub", "--topic", "no.such.*", "--timeout", "1s")
	},
	"a name that no topic can have": func(t *testing.T) *tool {
		return start(t, nil, "sub", "--topic", "a,b")
	},
	"the same feed twice": func(t *testing.T) *tool {
		return start(t, nil, "sub", "--feed", "239.1.1.1:5000@lo", "--feed", "239.1.1.1:5000@lo")
	},
}

// pubTopicWays are the ways in which crier pub ends by topics and partitions.
var pubTopicWays = map[string]func(*testing.T) *tool{
	"`--topic` and `--partitions`: its input ends, or `--count` is reached": func(
		t *testing.T) *tool {
		topic := endTopic(t)
		c := start(t, nil, on(topic, "sub", "--until-end")...).listening()
		pub := start(t, nil, on(topic, "pub", "--partitions", "4", "--count", "100", "--linger",
			"5s")...)
		c.wait(cli.ExitOK)
		if n := c.out.count("\n"); n != 100 {
			t.Errorf("%d messages, want 100", n)
		}
		return pub
	},
	"a key, and one partition": func(t *testing.T) *tool {
		return start(t, os.Stdin, on(testGroup(t), "pub", "--key", "^(.)", "--from", "-")...)
	},
	"more partitions than the resend buffer holds": func(t *testing.T) *tool {
		return start(t, nil, on(endTopic(t), "pub", "--partitions", "256", "--resend-buffer",
			"64KiB", "--count", "1")...)
	},
}
