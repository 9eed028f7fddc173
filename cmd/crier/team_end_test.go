//go:build linux

package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"crier/cmd/crier/cli"
)

// A member that is killed after its publisher's end leaves its work to those that wait with
// --until-end. All is done, and all of them leave then.
func TestDeathBehindTheEnd(t *testing.T) {
	for _, share := range []string{"partition", "message"} {
		t.Run(share, func(t *testing.T) {
			t.Parallel()
			topic := endTopic(t)
			dies := spawn(t, nil, append(on(topic, "sub", "--team", "risk", "--name", "a", "--share",
				share, "--format", "json", "--work", "250ms"), "--start", "oldest")...).listening()
			var others []*tool
			for _, name := range []string{"b", "c"} {
				others = append(others, member(t, topic, name, "--share", share, "--start", "oldest",
					"--until-end"))
			}
			in, feed := osPipe(t)
			pub := spawn(t, in, on(topic, "pub", "--from", "-", "--partitions", "4", "--pace",
				"teams", "--lease", "500ms")...)
			const count = 200
			for i := range count {
				fmt.Fprintln(feed, i)
			}
			feed.Close()
			dies.await(dies.out, `"type":"message"`, 2)
			dies.signal(syscall.SIGKILL)
			for _, one := range others {
				one.wait(cli.ExitOK)
			}
			pub.wait(cli.ExitOK)
			all := ""
			for _, one := range append(others, dies) {
				all += string(one.out.bytes())
			}
			for i := range count {
				if !strings.Contains(all, fmt.Sprintf(`"text":"%d"`, i)) {
					t.Errorf("nobody did %d", i)
				}
			}
		})
	}
}
