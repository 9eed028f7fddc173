//go:build !crier_plain

package multicast

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"crier/testnet/rig/netns"
)

// inNamespace puts the test into a network namespace of its own, with two interfaces, v0
// and v1, that lead to each other and nowhere else. It skips the test where that is not
// allowed.
func inNamespace(t *testing.T) {
	t.Helper()
	netns.Needs(t)
	// The thread is never unlocked, and so ends with the test's goroutine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("making a network namespace:", err)
	}
	netns.Run(t, "ip link set lo up")
	makeVeth(t)
}

func makeVeth(t *testing.T) {
	t.Helper()
	netns.Prepare(t, "ip link add v0 type veth peer name v1")
	for _, v := range []string{"v0", "v1"} {
		// Both ends are this host's. By default a host drops what comes from itself.
		for _, set := range []string{"accept_local=1", "rp_filter=0"} {
			name, value, _ := strings.Cut(set, "=")
			file := "/proc/sys/net/ipv4/conf/" + v + "/" + name
			if err := os.WriteFile(file, []byte(value), 0); err != nil {
				t.Skip("a veth pair within one host:", err)
			}
		}
	}
	netns.Prepare(t, "ip addr add 10.77.0.1/24 dev v0")
	netns.Prepare(t, "ip addr add 10.77.0.2/24 dev v1")
	netns.Prepare(t, "ip addr add fd77::1/64 dev v0 nodad")
	netns.Prepare(t, "ip addr add fd77::2/64 dev v1 nodad")
	for i, v := range []string{"v0", "v1"} {
		// Link-local addresses that are usable at once.
		netns.Prepare(t, "ip link set "+v+" addrgenmode none")
		netns.Prepare(t, "ip link set "+v+" up")
		netns.Prepare(t, fmt.Sprintf("ip addr add fe80::%d/64 dev %s nodad", i+1, v))
	}
	waitForLinks(t, "v0", "v1")
}

// waitForLinks waits until the interfaces are up and have a link.
func waitForLinks(t *testing.T, names ...string) {
	t.Helper()
	w, err := openWatch(false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	up := make(map[string]bool)
	b := make([]byte, 32<<10)
	for !up[names[0]] || !up[names[1]] {
		n, err := w.file.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		parseNetlink(b[:n], func(kind uint16, body []byte) {
			if kind == unix.RTM_NEWLINK {
				parseLink(body, false, func(l link) { up[l.name] = l.up })
			}
		})
	}
}

var (
	vethGroup  = netip.MustParseAddrPort("239.77.8.1:7700")
	vethGroup6 = netip.MustParseAddrPort("[ff05::77]:7700")
)

// shape makes v1 slow.
func shape(t *testing.T, tbf string) {
	t.Helper()
	netns.Prepare(t, "tc qdisc add dev v1 root tbf "+tbf)
}
