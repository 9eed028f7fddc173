package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/commands"
	"crier/cmd/crier/host"
	"crier/cmd/crier/host/netns"
)

// beTool makes a process of the test binary run the tool itself.
const beTool = "CRIER_TEST_BE_TOOL"

func TestMain(m *testing.M) {
	if os.Getenv(beTool) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		os.Exit(commands.Tool().Run(ctx, os.Args[1:], cli.Standard()))
	}
	flag.Set("test.parallel", "10") // most of them wait
	os.Exit(m.Run())
}

// lan is three hosts at a switch, a bridge that snoops. Each is a network namespace, and
// nothing leads out.
type lan struct {
	t   *testing.T
	top *netns.Topology
}

// Hosts of a lan: a measures, b answers, and q is another one. Their addresses are aAddr,
// bAddr and qAddr, on the interface e0; the switch's port to each is p0, p1, p2.
const (
	a, b, q             = 0, 1, 2
	aAddr, bAddr, qAddr = "10.77.0.1", "10.77.0.2", "10.77.0.3"
)

// needs skips a test that makes hosts where it can't.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("making network namespaces needs root")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip("making the fault needs a program:", err)
		}
	}
}

// newLAN makes a lan for a test.
func newLAN(t *testing.T) *lan {
	t.Helper()
	needs(t, "ip", "sysctl")
	top, err := netns.NewTopology(3, 1500, false, false)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(top.Close)
	l := &lan{t, top}
	l.onSwitch("ip link set br0 type bridge mcast_snooping 1")
	l.reach(a, aAddr)
	l.reach(q, qAddr)
	return l
}

// reach waits until what a host sends reaches host b: the kernel takes a while to tell the
// switch of a link.
func (l *lan) reach(at int, from string) {
	l.t.Helper()
	in, out := l.socket(b, bAddr+":0"), l.socket(at, from+":0")
	defer in.Close()
	defer out.Close()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if _, err := out.WriteTo([]byte("reached"), in.LocalAddr()); err != nil {
			continue
		}
		in.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, _, _ := in.ReadFrom(make([]byte, 100)); n > 0 {
			return
		}
	}
	l.t.Fatalf("nothing from %s reaches %s", from, bAddr)
}

// on runs a command, of words without quotes, on a host.
func (l *lan) on(at int, command string) {
	l.t.Helper()
	l.in(l.top.Hosts[at], "", command)
}

// onSwitch runs a command on the switch.
func (l *lan) onSwitch(command string) {
	l.t.Helper()
	l.in(l.top.Switch, "", command)
}

// filter loads a chain of a packet filter on a host. The rules stand between semicolons.
func (l *lan) filter(at int, hook, rules string) {
	l.t.Helper()
	l.nft(l.top.Hosts[at], "inet", hook, rules)
}

func (l *lan) nft(n *netns.Namespace, family, hook, rules string) {
	l.t.Helper()
	needs(l.t, "nft")
	l.in(n, fmt.Sprintf("table %s fault {\n chain c {\n type filter hook %s priority 0\n%s\n}\n}\n",
		family, hook, strings.ReplaceAll(rules, ";", "\n")), "nft -f -")
}

func (l *lan) in(n *netns.Namespace, input, command string) {
	l.t.Helper()
	words := strings.Fields(command)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin = strings.NewReader(input)
	out, err := []byte(nil), error(nil)
	n.Do(func() error { out, err = cmd.CombinedOutput(); return nil })
	if err != nil {
		l.t.Skipf("making the fault: %s: %v: %s", command, err, out)
	}
}

// socket opens a UDP socket on a host, bound to an address, which the test closes.
func (l *lan) socket(at int, address string) net.PacketConn {
	l.t.Helper()
	var c net.PacketConn
	err := l.top.Hosts[at].Do(func() (err error) {
		c, err = net.ListenPacket("udp4", address)
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { c.Close() })
	return c
}

// send has a host send to the group, a datagram every 10 ms, until the test ends.
func (l *lan) send(at int, from, text string) {
	l.t.Helper()
	c := l.socket(at, from+":0")
	stop, done := make(chan struct{}), make(chan struct{})
	l.t.Cleanup(func() { close(stop); <-done })
	group := &net.UDPAddr{IP: net.IPv4(239, 77, 0, 1), Port: 7700}
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				_, _ = c.WriteTo([]byte(text), group)
			}
		}
	}()
}

// query has a host ask once for memberships, by IGMPv3: it says that it asks every second,
// and wants reports within half a second.
func (l *lan) query(at int) {
	l.t.Helper()
	message := []byte{0x11, 5, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0}
	sum := uint32(0)
	for i := 0; i < len(message); i += 2 {
		sum += uint32(message[i])<<8 | uint32(message[i+1])
	}
	message[2], message[3] = byte(^sum>>8), byte(^sum)
	err := l.top.Hosts[at].Do(func() error {
		c, err := net.ListenPacket("ip4:igmp", qAddr)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.WriteTo(message, &net.IPAddr{IP: net.IPv4(224, 0, 0, 1)})
		return err
	})
	if err != nil {
		l.t.Error(err)
	}
}

// queries has a host ask for memberships twice a second, for some time or until the test ends.
func (l *lan) queries(at int, lasting time.Duration) {
	stop, done := make(chan struct{}), make(chan struct{})
	l.t.Cleanup(func() { close(stop); <-done })
	go func() {
		defer close(done)
		tick, end := time.NewTicker(500*time.Millisecond), time.After(lasting)
		defer tick.Stop()
		for {
			l.query(at)
			select {
			case <-stop:
				return
			case <-end:
				return
			case <-tick.C:
			}
		}
	}()
}

// untilHeldBack waits until the switch keeps the group from host b, which hasn't joined it.
func (l *lan) untilHeldBack() {
	l.t.Helper()
	c := l.socket(a, aAddr+":0")
	received := func() (n uint64) {
		l.top.Hosts[b].Do(func() error {
			traffic, err := host.Live().Traffic("e0")
			n = traffic.Packets
			return err
		})
		return n
	}
	held := 0
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		before := received()
		for range 20 {
			_, _ = c.WriteTo([]byte("data"), &net.UDPAddr{IP: net.IPv4(239, 77, 0, 1), Port: 7700})
		}
		if held++; received()-before >= 20 { // a virtual wire has next to no delay
			held = 0
		} else if held == 3 {
			return
		}
	}
	l.t.Fatal("the switch floods the group")
}

// binary is the tool, where any user may run it.
func binary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "crier")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "crier")
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// tool returns a command of the tool's, which starts on a host.
func tool(args []string, user bool) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), beTool+"=1")
	if user {
		nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody}
	}
	return cmd
}

// echo runs crier doctor echo on a host until the test ends, and waits until it answers.
func (l *lan) echo(at int, user bool, crier string, args ...string) {
	l.t.Helper()
	cmd := tool(append([]string{crier, "doctor", "echo", "--iface", "e0"}, args...), user)
	var said lineBuffer
	said.first = make(chan struct{})
	cmd.Stderr = &said
	if err := l.top.Hosts[at].Start(cmd); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() })
	select {
	case <-said.first:
	case <-time.After(20 * time.Second):
		l.t.Fatal("crier doctor echo says nothing")
	}
}

// lineBuffer waits for something to be written.
type lineBuffer struct {
	first chan struct{}
	any   bool
}

func (b *lineBuffer) Write(p []byte) (int, error) {
	if !b.any {
		b.any = true
		close(b.first)
	}
	return len(p), nil
}

// found is the report of crier doctor, as JSON.
type found struct {
	Checks  []check.Check `json:"checks"`
	Between []check.Check `json:"between"`
	Other   struct {
		Checks []check.Check `json:"checks"`
	} `json:"other"`
	Problems int `json:"problems"`
}

// doctor runs crier doctor on a host.
func (l *lan) doctor(at int, user bool, crier string, args ...string) found {
	l.t.Helper()
	cmd := tool(append([]string{crier, "doctor", "--json"}, args...), user)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := l.top.Hosts[at].Start(cmd); err != nil {
		l.t.Fatal(err)
	}
	err := cmd.Wait()
	var f found
	if bad := json.Unmarshal(out.Bytes(), &f); bad != nil {
		l.t.Fatalf("%v, %v: %s%s", bad, err, out.String(), said.String())
	}
	exit := cmd.ProcessState.ExitCode()
	if exit != map[bool]int{false: cli.ExitOK, true: cli.ExitError}[f.Problems > 0] {
		l.t.Errorf("exit code %d with %d problems", exit, f.Problems)
	}
	return f
}
