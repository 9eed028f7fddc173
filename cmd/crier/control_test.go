package main

import (
	"net"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// With a port of one's own a firewall's rule can be written: frames come from it, and
// NACKs and repairs go to it. The start lines name every address and port in use.
func TestControlPort(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	from, to := freePort(t), freePort(t)
	_, subPort, _ := net.SplitHostPort(to)
	_, pubPort, _ := net.SplitHostPort(from)
	sub := start(t, nil, on(group, "sub", "--control-port", subPort, "--drop", "0.2",
		"--until-end")...).listening()
	pub := start(t, nil, on(group, "pub", "--control-port", pubPort, "--count", "200", "--size",
		"1000", "--rate", "2000")...)
	pub.wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	if want := "listening to " + group[1] + " by interface lo, with NACKs from " + to +
		", where repairs go"; !strings.Contains(sub.err.String(), want) {
		t.Errorf("%s\nhas no %q", sub.err, want)
	}
	if want := "to " + group[1] + " by interface lo, from " + from +
		", where NACKs go"; !strings.Contains(pub.err.String(), want) {
		t.Errorf("%s\nhas no %q", pub.err, want)
	}
	if want := " from " + from + ": offsets"; !strings.Contains(sub.err.String(), want) {
		t.Errorf("%s\nhas no %q", sub.err, want)
	}
}

// Two commands can't have one port at one address.
func TestControlPortTaken(t *testing.T) {
	t.Parallel()
	group, addr := testGroup(t), freePort(t)
	_, port, _ := net.SplitHostPort(addr)
	start(t, nil, on(group, "sub", "--control-port", port)...).listening()
	for _, command := range []string{"sub", "pub"} {
		wantRefusal(t, start(t, nil, on(group, command, "--control-port", port)...), cli.ExitError,
			"from "+addr, "another program holds that port",
			"choose another port, or stop that program")
	}
	for _, port := range []string{"0", "-1", "70000", "http"} {
		wantRefusal(t, start(t, nil, on(group, "sub", "--control-port", port)...), cli.ExitUsage,
			"--control-port", port, "is not a port: give 1 to 65535")
	}
}

// freePort returns a loopback address with a port that is free.
func freePort(t *testing.T) string {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	return pc.LocalAddr().(*net.UDPAddr).AddrPort().String()
}
