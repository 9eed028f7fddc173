//go:build !crier_plain

package multicast

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const plain = false

func TestNoAllocations(t *testing.T) {
	for _, noOffload := range []bool{false, true} {
		group := newGroup(t, 50)
		r := openTestGroup(t, GroupConfig{Group: group})
		w := openTestSocket(t, SocketConfig{Group: group, NoOffload: noOffload})
		b := segments(20, 1472, 1472)
		ps := make([]Packet, 64)
		got := testing.AllocsPerRun(200, func() {
			if _, err := w.Write(group, b, 1472); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(w.LocalAddr(), b[:1472], 1472); err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				Conn
				n int
			}{{r, 20}, {w, 1}} {
				for n := 0; n < c.n; {
					k, err := c.Read(ps)
					if err != nil {
						t.Fatal(err)
					}
					n += k
				}
			}
			if err := w.WaitWrite(); err != nil {
				t.Fatal(err)
			}
			r.Stats()
		})
		if got != 0 {
			t.Errorf("offload off %v: %v allocations a write and read, want 0", noOffload, got)
		}
	}
}

// needOffload skips the test in a build without offload.
func needOffload(t *testing.T) {
	if !withOffload {
		t.Skip("built with crier_no_offload")
	}
}

func TestOffloadTakesOneCall(t *testing.T) {
	needOffload(t)
	group := newGroup(t, 51)
	r := openTestGroup(t, GroupConfig{Group: group})
	w := openTestSocket(t, SocketConfig{Group: group})
	b := segments(44, 1472, 1472)
	// A datagram that is too large on its own must not put an end to offload.
	if _, err := w.Write(group, make([]byte, 65508), 65508); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(group, b, 1472); err != nil {
		t.Fatal(err)
	}
	received(t, r, 44)
	if s := w.Stats(); s.Writes != 1 {
		t.Errorf("%d calls sent 44 datagrams, want 1: is UDP_SEGMENT missing?", s.Writes)
	}
	if s := r.Stats(); s.Reads != 1 {
		t.Errorf("%d calls received 44 datagrams, want 1: is UDP_GRO missing?", s.Reads)
	}
}

// The kernel refuses to cut writes of a socket without checksums, with EINVAL.
func TestOffloadFallsBackForGood(t *testing.T) {
	needOffload(t)
	group := newGroup(t, 52)
	log, logger := newLogs()
	r := openTestGroup(t, GroupConfig{Group: group})
	w := openTestSocket(t, SocketConfig{Group: group, Logger: logger})
	onSocket(t, w, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NO_CHECK, 1)
	})
	for range 3 {
		b := segments(30, 1000, 500)
		if n, err := w.Write(group, b, 1000); n != len(b) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
		received(t, r, 30)
	}
	s := w.Stats()
	if s.Sent != 90 || s.SendErrors != 0 {
		t.Errorf("%+v", s)
	}
	// One datagram to find out, one sendmmsg for its fellows, one for each later Write.
	if s.Writes != 4 {
		t.Errorf("%d calls, want 4", s.Writes)
	}
	if n := log.count("cannot segment"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log)
	}
}

// A report of a port without listeners must cost no other datagram.
func TestReportsAboutOthersCostNothing(t *testing.T) {
	group := newGroup(t, 53)
	r := openTestGroup(t, GroupConfig{Group: group})
	w := openTestSocket(t, SocketConfig{Group: group, ReadBuffer: 8 << 10})
	nobody := newGroup(t, 54)
	nobody = netip.AddrPortFrom(w.LocalAddr().Addr(), nobody.Port())
	for range 200 { // far more reports than the receive buffer holds
		send(t, w, nobody, "anyone?")
		send(t, w, group, "all")
		wantReceived(t, r, "all")
	}
	send(t, w, nobody, "anyone?")
	send(t, w, w.LocalAddr(), "myself")
	wantReceived(t, w, "myself")
	if s := w.Stats(); s.SendErrors != 0 || s.KernelDrops != 0 {
		t.Errorf("%+v", s)
	}
}

func TestKernelDropsAreCounted(t *testing.T) {
	group := newGroup(t, 55)
	r := openTestGroup(t, GroupConfig{Group: group, ReadBuffer: 16 << 10})
	w := openTestSocket(t, SocketConfig{Group: group, NoOffload: true})
	const n = 500
	if _, err := w.Write(group, segments(n, 1000, 1000), 1000); err != nil {
		t.Fatal(err)
	}
	drops := r.Stats().KernelDrops // known without a further datagram
	if drops == 0 || drops >= n {
		t.Fatalf("%d of %d dropped with a buffer of %d bytes", drops, n, r.Stats().ReadBuffer)
	}
	received(t, r, n-int(drops))
	r.Close()
	if after := r.Stats().KernelDrops; after != drops {
		t.Errorf("%d drops after Close, %d before", after, drops)
	}
}

func TestTruncatedAndMisdirectedAreCounted(t *testing.T) {
	needOffload(t)
	group := newGroup(t, 56)
	r := openTestGroup(t, GroupConfig{Group: group}).(*conn)
	w := openTestSocket(t, SocketConfig{Group: group})
	old := r.reader
	r.reader = newReader(r, 2, 100)
	r.reader.accept.members = old.accept.members
	index := old.accept.index.Load()
	r.reader.accept.index.Store(index)

	send(t, w, group, strings.Repeat("x", 101), strings.Repeat("y", 100))
	received(t, r, 1)
	if s := r.Stats(); s.Truncated != 1 {
		t.Errorf("%d truncated, want 1", s.Truncated)
	}
	// As if it had come by another interface: a kernel without the filters lets it in.
	r.reader.accept.index.Store(index + 1)
	if _, err := w.Write(group, segments(4, 25, 20), 25); err != nil {
		t.Fatal(err)
	}
	r.reader.ring.reset(r.reader.filled)
	r.reader.filled, r.reader.next = 0, 0
	if err := r.reader.wait(); err != nil {
		t.Fatal(err)
	}
	if n := r.reader.take(make([]Packet, 5)); n != 0 {
		t.Errorf("%d came by another interface", n)
	}
	r.reader.accept.index.Store(index)
	send(t, w, group, "here")
	wantReceived(t, r, "here")
	if s := r.Stats(); s.Misdirected != 4 || s.Received != 2 {
		t.Errorf("%+v", s)
	}
}

func TestBufferThatIsCutIsLogged(t *testing.T) {
	fd, err := datagramSocket(true)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	log, logger := newLogs()
	o := &options{fd: fd}
	const noSuchOption = -1 // as if we had no privilege
	ask := func(want int, logger *slog.Logger) int {
		return o.buffer(want, noSuchOption, unix.SO_RCVBUF, "receive", "net.core.rmem_max", logger)
	}
	granted := ask(maxBuffer, logger)
	if o.err != nil {
		t.Fatal(o.err)
	}
	if granted == maxBuffer {
		t.Skip("net.core.rmem_max is larger than any buffer here")
	}
	if !strings.Contains(log.String(), "sysctl -w net.core.rmem_max=536870912") {
		t.Errorf("granted %d; said:\n%s", granted, log)
	}
	log, logger = newLogs()
	if granted := ask(8192, logger); granted != 8192 || log.String() != "" {
		t.Errorf("granted %d of 8192; said:\n%s", granted, log)
	}
}

func TestSocketOptions(t *testing.T) {
	group := newGroup(t, 57)
	w := openTestSocket(t, SocketConfig{Group: group, TTL: 7, DSCP: 46, NoLoopback: true})
	for _, o := range []struct {
		name         string
		option, want int
	}{
		{"TTL", unix.IP_MULTICAST_TTL, 7},
		{"TOS", unix.IP_TOS, 46 << 2},
		{"loopback", unix.IP_MULTICAST_LOOP, 0},
		{"MTU discovery", unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE},
	} {
		onSocket(t, w, func(fd int) error {
			got, err := unix.GetsockoptInt(fd, unix.IPPROTO_IP, o.option)
			if got != o.want {
				t.Errorf("%s is %d, want %d", o.name, got, o.want)
			}
			return err
		})
	}
}

func TestNoIPv6OnLoopback(t *testing.T) {
	group := netip.MustParseAddrPort("[ff05::77]:7700")
	lo := loopback(t).Name
	if _, err := SourceAddr(loopback(t), group.Addr(), netip.Addr{}); err != nil {
		t.Skip("lo has no IPv6 address:", err)
	}
	_, groupErr := Kernel.Group(GroupConfig{Group: group, Interface: lo})
	_, socketErr := Kernel.Socket(SocketConfig{Group: group, Interface: lo})
	for _, err := range []error{groupErr, socketErr} {
		var bad *ConfigError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "use an IPv4 group") {
			t.Errorf("got %v", err)
		}
	}
}

func TestPortInUse(t *testing.T) {
	group := newGroup(t, 58)
	w := openTestSocket(t, SocketConfig{Group: group})
	quiet := slog.New(slog.DiscardHandler)
	_, err := Kernel.Socket(SocketConfig{
		Group: group, Interface: loopback(t).Name, Port: w.LocalAddr().Port(), Logger: quiet,
	})
	if err == nil || !strings.Contains(err.Error(), "another program holds that port") {
		t.Errorf("second socket on a port: %v", err)
	}
	pc, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	taken := netip.AddrPortFrom(group.Addr(), pc.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	_, err = Kernel.Group(GroupConfig{
		Group: taken, Interface: loopback(t).Name, Logger: quiet,
	})
	if err == nil || !strings.Contains(err.Error(), "another program holds that port") {
		t.Errorf("group on a port that is not shared: %v", err)
	}
}

func onSocket(t *testing.T, c Conn, f func(fd int) error) {
	t.Helper()
	var err error
	closed := c.(*conn).raw.Control(func(fd uintptr) { err = f(int(fd)) })
	if err != nil || closed != nil {
		t.Fatal(err, closed)
	}
}
