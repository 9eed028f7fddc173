package multicast

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

func TestBadConfigurations(t *testing.T) {
	lo := loopback(t).Name
	group := netip.MustParseAddrPort("239.77.0.1:7700")
	quiet, addr := slog.New(slog.DiscardHandler), netip.MustParseAddrPort
	for _, c := range []struct {
		name string
		cfg  SocketConfig
		want string
	}{
		{"no group", SocketConfig{Interface: lo}, "give an address and a port"},
		{"unicast group", SocketConfig{Interface: lo, Group: addr("10.0.0.1:7700")},
			"group 10.0.0.1:7700 is not a multicast address; choose"},
		{"port 0", SocketConfig{Interface: lo, Group: addr("239.77.0.1:0")}, "has port 0"},
		{"zone", SocketConfig{Interface: lo, Group: addr("[ff02::77%eth0]:7")}, "leave out %eth0"},
		{"no interface", SocketConfig{Group: group}, `interface "" is missing; name one of `},
		{"unknown interface", SocketConfig{Group: group, Interface: "eht0"},
			"interface eht0 does not exist; there are "},
		{"unknown address", SocketConfig{Group: group, Interface: "192.0.2.1"},
			"interface 192.0.2.1 is not an address of this machine"},
		{"TTL", SocketConfig{Group: group, Interface: lo, TTL: 256},
			"TTL 256 is out of range; use 0 to 255"},
		{"DSCP", SocketConfig{Group: group, Interface: lo, DSCP: 64},
			"DSCP 64 is out of range; use 0 to 63"},
		{"read buffer", SocketConfig{Group: group, Interface: lo, ReadBuffer: -1},
			"read buffer -1 is out of range"},
		{"write buffer", SocketConfig{Group: group, Interface: lo, WriteBuffer: 1 << 30},
			"write buffer 1073741824 is out of range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cfg.Logger = quiet
			conn, err := Kernel.Socket(c.cfg)
			var bad *ConfigError
			if !errors.As(err, &bad) || conn != nil {
				t.Fatalf("Socket = %v, %v; want a *ConfigError", conn, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not contain %q", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is more than a sentence", err)
			}
		})
	}
	for _, source := range []string{"ff05::1", "fe80::1", "0.0.0.0", "224.0.0.1"} {
		_, err := Kernel.Group(GroupConfig{
			Group: group, Interface: lo, Source: netip.MustParseAddr(source), Logger: quiet,
		})
		var bad *ConfigError
		if !errors.As(err, &bad) || bad.Field != "source" {
			t.Errorf("source %s: %v", source, err)
		}
	}
}

func TestParseGroup(t *testing.T) {
	for s, want := range map[string]string{
		"239.77.0.1:7700":          "239.77.0.1:7700",
		"[ff05::77]:1":             "[ff05::77]:1",
		"[::ffff:239.77.0.1]:7700": "239.77.0.1:7700",
	} {
		if got, err := ParseGroup(s); err != nil || got.String() != want {
			t.Errorf("ParseGroup(%q) = %v, %v; want %s", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "239.77.0.1", "239.77.0.1:0", "239.77.0.1:70000", "host:7",
		"10.0.0.1:5", "[ff02::1%lo]:5",
	} {
		var bad *ConfigError
		if got, err := ParseGroup(s); !errors.As(err, &bad) {
			t.Errorf("ParseGroup(%q) = %v, %v; want a *ConfigError", s, got, err)
		}
	}
}

func TestInterfacesByNameAndAddress(t *testing.T) {
	lo := loopback(t)
	for _, name := range []string{lo.Name, "127.0.0.1", "::ffff:127.0.0.1"} {
		ifi, err := ResolveInterface(name)
		if err != nil || ifi.Index != lo.Index {
			t.Errorf("ResolveInterface(%q) = %v, %v; want %s", name, ifi, err, lo.Name)
		}
	}
	group := netip.MustParseAddr("239.77.0.1")
	a, err := SourceAddr(lo, group, netip.Addr{})
	if want := netip.MustParseAddr("127.0.0.1"); err != nil || a != want {
		t.Errorf("SourceAddr = %v, %v; want %v", a, err, want)
	}
}
