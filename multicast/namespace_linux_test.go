//go:build !crier_plain

package multicast

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// inNamespace puts the test into a network namespace of its own, with two
// interfaces, v0 and v1, that lead to each other and nowhere else. It skips
// where that is not allowed.
func inNamespace(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("making a network namespace needs root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("making interfaces needs the ip command:", err)
	}
	// The thread is never unlocked, and so ends with the test's goroutine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("making a network namespace:", err)
	}
	run(t, "ip link set lo up")
	makeVeth(t)
}

func makeVeth(t *testing.T) {
	t.Helper()
	run(t, "ip link add v0 type veth peer name v1")
	for _, v := range []string{"v0", "v1"} {
		// Both ends are this host's, which a host doesn't believe by default.
		for _, set := range []string{"accept_local=1", "rp_filter=0"} {
			name, value, _ := strings.Cut(set, "=")
			if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+v+"/"+name, []byte(value), 0); err != nil {
				t.Skip("a veth pair within one host:", err)
			}
		}
	}
	run(t, "ip addr add 10.77.0.1/24 dev v0")
	run(t, "ip addr add 10.77.0.2/24 dev v1")
	run(t, "ip addr add fd77::1/64 dev v0 nodad")
	run(t, "ip addr add fd77::2/64 dev v1 nodad")
	for i, v := range []string{"v0", "v1"} {
		// Link-local addresses that are usable at once.
		run(t, "ip link set "+v+" addrgenmode none")
		run(t, "ip link set "+v+" up")
		run(t, fmt.Sprintf("ip addr add fe80::%d/64 dev %s nodad", i+1, v))
	}
	waitForLinks(t, "v0", "v1")
}

// waitForLinks waits until the interfaces are up and have a link.
func waitForLinks(t *testing.T, names ...string) {
	t.Helper()
	w := openWatch(slog.New(slog.DiscardHandler))
	defer w.close()
	up := make(map[string]bool)
	b := make([]byte, 32<<10)
	for !up[names[0]] || !up[names[1]] {
		n, err := w.file.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		parseLinks(b[:n], func(l link) { up[l.name] = l.up })
	}
}

// run runs a command in the test's namespace.
func run(t *testing.T, command string) {
	t.Helper()
	args := strings.Fields(command)
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

var (
	vethGroup  = netip.MustParseAddrPort("239.77.8.1:7700")
	vethGroup6 = netip.MustParseAddrPort("[ff05::77]:7700")
)

func TestVethBothFamilies(t *testing.T) {
	inNamespace(t)
	for _, group := range []netip.AddrPort{vethGroup, vethGroup6, netip.MustParseAddrPort("[ff02::77:1]:7700")} {
		r := openTestGroup(t, GroupConfig{Group: group, Interface: "v0"})
		same := openTestGroup(t, GroupConfig{Group: group, Interface: "v1"}) // the sender's own
		w := openTestSocket(t, SocketConfig{Group: group, Interface: "v1", TTL: 1})
		b := segments(44, 1452, 1000)
		if _, err := w.Write(group, b, 1452); err != nil {
			t.Fatal(err)
		}
		for _, r := range []Conn{r, same} {
			ps := received(t, r, 44)
			for i, p := range ps {
				if string(p.Data) != string(b[i*1452:min((i+1)*1452, len(b))]) {
					t.Fatalf("datagram %d is damaged", i)
				}
			}
			from, want := ps[0].From, w.LocalAddr()
			if want.Addr().Zone() != "" { // its zone is the receiver's interface
				from, want = netip.AddrPortFrom(from.Addr().WithZone(""), from.Port()), netip.AddrPortFrom(want.Addr().WithZone(""), want.Port())
			}
			if from != want {
				t.Errorf("from %v, want %v", from, want)
			}
			// For IPv6 the kernel lets in what came by another interface, if
			// some socket joined there; the destination check doesn't.
			if s := r.Stats(); s.Received != 44 || s.MTU != 1500 || group.Addr().Is4() && s.Misdirected != 0 {
				t.Errorf("%v: %+v", group, s)
			}
		}
		if s := w.Stats(); s.Writes != 1 || s.SendErrors != 0 {
			t.Errorf("%v: %+v", group, s)
		}
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := w.Write(group, b[:1452], 1452); err != nil {
				t.Fatal(err)
			}
			for _, r := range []Conn{r, same} {
				var ps [1]Packet
				if n, err := r.Read(ps[:]); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
		})
		if allocs > 2 { // the two ps, which escape
			t.Errorf("%v: %v allocations", group, allocs)
		}
		r.Close()
		same.Close()
		w.Close()
	}
}

func TestInterfaceByItsAddress(t *testing.T) {
	inNamespace(t)
	run(t, "ip addr add 10.78.0.1/24 dev v0")
	for _, c := range []struct{ name, group, want string }{
		{"10.77.0.1", vethGroup.String(), "10.77.0.1"},
		{"10.78.0.1", vethGroup.String(), "10.78.0.1"}, // not the first, but the one named
		{"v0", vethGroup.String(), "10.77.0.1"},
		{"fd77::1", vethGroup6.String(), "fd77::1"},
		{"fd77::1", vethGroup.String(), "10.77.0.1"},
		{"v0", vethGroup6.String(), "fd77::1"},
	} {
		w := openTestSocket(t, SocketConfig{Group: netip.MustParseAddrPort(c.group), Interface: c.name})
		if got := w.LocalAddr().Addr().String(); got != c.want {
			t.Errorf("interface %s, group %s: bound to %s, want %s", c.name, c.group, got, c.want)
		}
	}
}

func TestInterfaceThatCannotBeUsed(t *testing.T) {
	inNamespace(t)
	run(t, "ip addr del 10.77.0.2/24 dev v1")
	wantConfigError(t, vethGroup, "v1", "interface v1 has no IPv4 address")
	run(t, "ip link set v1 down")
	wantConfigError(t, vethGroup, "v1", "interface v1 is down")
	wantConfigError(t, vethGroup, "v2", "there are lo, v1 (down), v0")
	wantConfigError(t, vethGroup, "10.77.0.2", "is not an address of this machine")
}

func wantConfigError(t *testing.T, group netip.AddrPort, ifname, want string) {
	t.Helper()
	_, err := Kernel.Socket(SocketConfig{Group: group, Interface: ifname, Logger: slog.New(slog.DiscardHandler)})
	var bad *ConfigError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
		t.Errorf("on %s: %v; want %q", ifname, err, want)
	}
}

func TestNoMulticastRouteSaysSo(t *testing.T) {
	inNamespace(t)
	run(t, "ip -6 route flush table local type multicast")
	_, err := Kernel.Socket(SocketConfig{Group: vethGroup6, Interface: "v0", Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "no multicast route") || !strings.Contains(err.Error(), "dev v0") {
		t.Errorf("got %v", err)
	}
}

func TestLoopbackAndTTLAreKept(t *testing.T) {
	inNamespace(t)
	far := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v0"})
	near := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v1"})
	quiet := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1, NoLoopback: true})
	local := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 0})
	plain := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1})
	send(t, quiet, vethGroup, "not for this interface's listeners")
	send(t, local, vethGroup, "not for the wire")
	send(t, plain, vethGroup, "for all")
	wantReceived(t, far, "not for this interface's listeners", "for all")
	wantReceived(t, near, "not for the wire", "for all")
}

func TestRejoinAfterAFlapAndARebirth(t *testing.T) {
	for _, group := range []netip.AddrPort{vethGroup, vethGroup6} {
		done := make(chan struct{})
		go func() { // each in a thread, and so a namespace, of its own
			defer close(done)
			rejoins(t, group)
		}()
		<-done
	}
}

func rejoins(t *testing.T, group netip.AddrPort) {
	inNamespace(t)
	log, logger := newLogs()
	r := openTestGroup(t, GroupConfig{Group: group, Interface: "v0", Logger: logger})
	w := openTestSocket(t, SocketConfig{Group: group, Interface: "v1", TTL: 1, Logger: logger})
	send(t, w, group, "before")
	wantReceived(t, r, "before")

	run(t, "ip link set v0 down")
	log.wait("went down", 2) // both, since v1 has no link now
	run(t, "ip link set v0 up")
	if group.Addr().Is6() { // which went with the link
		run(t, "ip addr replace fd77::1/64 dev v0 nodad")
	}
	log.wait("an interface is back", 2)
	send(t, w, group, "after the flap")
	wantReceived(t, r, "after the flap")
	if n := r.Stats().Rejoins; n != 1 {
		t.Errorf("%d rejoins after the flap, want 1", n)
	}

	run(t, "ip link del v0")
	log.wait("went down", 4)
	makeVeth(t) // with other indexes
	log.wait("an interface is back", 4)
	send(t, w, group, "after the rebirth")
	wantReceived(t, r, "after the rebirth")
	if n := r.Stats().Rejoins; n != 2 {
		t.Errorf("%d rejoins after the rebirth, want 2", n)
	}
	if n := w.Stats().SendErrors; n != 0 {
		t.Errorf("%d send errors", n)
	}
	r.Close()
	w.Close()
}

func TestSendErrorsPass(t *testing.T) {
	inNamespace(t)
	log, logger := newLogs()
	r := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v0", Logger: logger})
	w := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1, Logger: logger})
	b := segments(10, 1000, 1000)

	// More than the MTU of the interface is never fragmented.
	if _, err := w.Write(vethGroup, segments(3, 1473, 1473), 1473); err != nil {
		t.Fatal(err)
	}
	if n := w.Stats().SendErrors; n != 3 {
		t.Errorf("%d send errors for datagrams above the MTU, want 3", n)
	}
	// An address that was taken away: every send fails with EINVAL, offloaded
	// or not, and is no reason to give offload up.
	run(t, "ip addr del 10.77.0.2/24 dev v1")
	if n, err := w.Write(vethGroup, b, 1000); n != len(b) || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if n := w.Stats().SendErrors; n != 13 {
		t.Errorf("%d send errors without the address, want 13\n%s", n, log)
	}
	run(t, "ip addr add 10.77.0.2/24 dev v1")
	run(t, "ip link set v1 down")
	log.wait("went down", 2)
	if n, err := w.Write(vethGroup, b, 1000); n != len(b) || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if n := w.Stats().SendErrors; n != 23 {
		t.Errorf("%d send errors with the link down, want 23\n%s", n, log)
	}
	run(t, "ip link set v1 up")
	log.wait("an interface is back", 2)
	before := w.Stats().Writes
	if _, err := w.Write(vethGroup, b, 1000); err != nil {
		t.Fatal(err)
	}
	received(t, r, 10)
	if n := w.Stats().Writes - before; n != 1 {
		t.Errorf("%d calls sent 10 datagrams afterwards, want 1", n)
	}
}

// A transmit queue that is full is said to nobody, unless one asks.
func TestFullTransmitQueueIsCounted(t *testing.T) {
	inNamespace(t)
	shape(t, "rate 8kbit burst 2000 limit 3000")
	w := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1, NoOffload: true})
	if _, err := w.Write(vethGroup, segments(20, 1000, 1000), 1000); err != nil {
		t.Fatal(err)
	}
	if s := w.Stats(); s.SendErrors == 0 || s.Sent+s.SendErrors != 20 {
		t.Errorf("%+v", s)
	}
}

func TestFullSendBufferWouldBlock(t *testing.T) {
	inNamespace(t)
	shape(t, "rate 50mbit burst 2000 limit 100000000")
	for _, noOffload := range []bool{false, true} {
		r := openTestGroup(t, GroupConfig{Group: vethGroup, Interface: "v0"})
		w := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1, WriteBuffer: 32 << 10, NoOffload: noOffload})
		const segment, n = 1400, 500
		read := make(chan struct{})
		go func() {
			defer close(read)
			received(t, r, n)
		}()
		b := segments(n, segment, segment)
		blocked := 0
		for rest := b; len(rest) > 0; {
			k, err := w.Write(vethGroup, rest, segment)
			rest = rest[k:]
			if errors.Is(err, ErrWouldBlock) {
				blocked++
				if k%segment != 0 {
					t.Fatalf("%d bytes taken are not whole datagrams", k)
				}
				err = w.WaitWrite()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		<-read
		if s := w.Stats(); blocked == 0 || s.Sent != n || s.SendErrors != 0 {
			t.Errorf("blocked %d times: %+v", blocked, s)
		}
		r.Close()
		w.Close()
	}
}

func TestCloseEndsWaitWrite(t *testing.T) {
	inNamespace(t)
	shape(t, "rate 8kbit burst 2000 limit 100000000")
	w := openTestSocket(t, SocketConfig{Group: vethGroup, Interface: "v1", TTL: 1, WriteBuffer: 8 << 10})
	if _, err := w.Write(vethGroup, segments(1000, 1400, 1400), 1400); !errors.Is(err, ErrWouldBlock) {
		t.Fatalf("Write: %v; want %v", err, ErrWouldBlock)
	}
	waited := make(chan error)
	go func() { waited <- w.WaitWrite() }()
	// Others still may try, and don't wait for the one that waits.
	if n, err := w.Write(vethGroup, make([]byte, 10), 10); n != 0 || !errors.Is(err, ErrWouldBlock) {
		t.Errorf("Write = %d, %v", n, err)
	}
	w.Close()
	if err := <-waited; !errors.Is(err, net.ErrClosed) {
		t.Errorf("WaitWrite: %v", err)
	}
}

// shape makes v1 slow.
func shape(t *testing.T, tbf string) {
	t.Helper()
	if _, err := exec.LookPath("tc"); err != nil {
		t.Skip("a slow interface needs the tc command:", err)
	}
	run(t, "tc qdisc add dev v1 root tbf "+tbf)
}
