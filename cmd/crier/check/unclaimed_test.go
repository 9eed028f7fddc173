package check

import (
	"testing"
	"time"

	"crier/cmd/crier/host"
)

func TestUnclaimed(t *testing.T) {
	for _, c := range []trial{
		{name: "nothing", state: OK, says: []string{"nothing came"}},
		{name: "one", facts: func(f *host.Facts) {
			f.Before.At = time.Unix(1, 0)
			f.Before.Protocols.Value["Udp IgnoredMulti"] = 4
			f.After.Protocols.Value["Udp IgnoredMulti"] = 5
		}, state: Note, says: []string{"1 datagram came to a joined group", "another port"}},
		{name: "IPv6", facts: func(f *host.Facts) {
			f.Before.At = time.Unix(1, 0)
			f.After.Protocols.Value["Udp6IgnoredMulti"] = 5
		}, state: Note, says: []string{"5 datagrams came to a joined group"}},
	} {
		c.run(t, Unclaimed)
	}
}
