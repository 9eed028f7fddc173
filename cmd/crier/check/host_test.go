package check

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"crier/cmd/crier/host"
	"crier/reliable/frame"
)

// full adds the facts of a healthy machine that host.Roots.Waiting doesn't read.
func full(f *host.Facts) {
	f.Machine = &host.Machine{}
	f.Machine.MostMemberships.Value = 20
	f.Machine.Card.Value = host.Card{Clock: -1, Ring: 1024, RingMost: 4096,
		Features: map[string]bool{
			"rx-gro": true, "tx-checksum-ip-generic": true, "tx-udp-segmentation": true}}
	f.Machine.Processors.Value = host.Processors{Usable: 4, Threads: 4}
	f.Machine.Clock.Value = host.Clock{Synchronised: true, Error: 40 * time.Microsecond}
	f.Memberships.Value.IGMP = map[string]int{"eth0": 3}
	f.Trial = &host.Trial{ReadBuffer: 8 << 20, Asked: 8 << 20, WriteBuffer: 1 << 20, Cut: true}
	f.GroupRoute.Value = host.Route{Interface: "eth0"}
	f.AnyRoute.Value = host.Route{Interface: "eth0"}
}

// with returns facts of a whole machine, changed.
func with(change func(f *host.Facts)) func(*host.Facts) {
	return func(f *host.Facts) {
		full(f)
		change(f)
	}
}

// Nothing is wrong with a healthy machine, whoever is to run there.
func TestHealthy(t *testing.T) {
	for _, role := range []Role{Both, Subscriber, Publisher} {
		f, q := healthy(), question()
		full(f)
		q.Role, q.Rate = role, 10000
		for _, c := range All([]*host.Facts{f}, []Question{q}) {
			if c.State != OK {
				t.Errorf("role %d: %+v", role, c)
			}
		}
	}
}

// Without facts, each check says that it doesn't know, and none falls over.
func TestNothingReadable(t *testing.T) {
	f, q := &host.Facts{About: host.About{Interface: "eth0", Group: group}}, question()
	q.Peer = peer
	f.Interfaces.Err, f.Memberships.Err = host.ErrNotReadable, host.ErrNotReadable
	f.Firewall.Err, f.ReversePath.Err = host.ErrNotReadable, host.ErrNotReadable
	f.After.Protocols.Err, f.After.Sockets.Err = host.ErrNotReadable, host.ErrNotReadable
	for _, c := range All([]*host.Facts{f}, []Question{q}) {
		if c.State == Problem || c.State == Note {
			t.Errorf("%+v", c)
		}
	}
}

func TestAddresses(t *testing.T) {
	toPeer := func(q *Question) { q.Peer = peer }
	reached := func(r host.Route, err error) func(*host.Facts) {
		return with(func(f *host.Facts) { f.Routes[peer] = host.Of(r, err) })
	}
	router := host.Route{Interface: "eth0", Gateway: netip.MustParseAddr("10.77.0.254")}
	for _, c := range []struct {
		trial
		check func(*host.Facts, Question) Check
	}{
		{trial{name: "small", facts: with(func(f *host.Facts) { eth0(f).MTU = 1400 }), state: Note,
			says: []string{"1,400", "ip link set eth0 mtu 1500"}}, MTU},
		{trial{name: "tiny", facts: with(func(f *host.Facts) { eth0(f).MTU = 200 }),
			state: Problem},
			MTU},
		{trial{name: "jumbo", facts: with(func(f *host.Facts) { eth0(f).MTU = 9000 }), state: OK},
			MTU},
		{trial{name: "two addresses", facts: with(func(f *host.Facts) {
			eth0(f).Addrs = append(eth0(f).Addrs,
				host.Address{Prefix: netip.MustParsePrefix("10.78.0.2/16")})
		}), state: Note, says: []string{"10.77.0.2 of eth0 is taken", "10.78.0.2"}}, Source},
		{trial{name: "another subnet, no route", facts: reached(host.Route{}, host.ErrNoRoute),
			ask: toPeer, state: Problem, says: []string{"another subnet than 10.77.0.2/16"}},
			Source},
		{trial{name: "another subnet, a router", facts: reached(router, nil), ask: toPeer,
			state: Note}, Source},
		{trial{name: "this host", facts: reached(host.Route{Local: true}, nil), ask: toPeer,
			state: Note, says: []string{"address of this host"}}, Source},
		{trial{name: "no route", facts: with(func(f *host.Facts) {
			f.GroupRoute.Err = host.ErrNoRoute
		}), state: Problem, says: []string{"ip route add 224.0.0.0/4 dev eth0"}}, Route},
		{trial{name: "no way back", facts: reached(host.Route{}, host.ErrNoRoute), ask: toPeer,
			state: Problem, says: []string{"no route to 10.9.0.1"}}, Route},
		{trial{name: "a way back that is forbidden", facts: reached(host.Route{}, host.ErrBarred),
			ask: toPeer, state: Problem, says: []string{"forbids what is for 10.9.0.1",
				"ip rule"}}, Route},
		{trial{name: "another way back", facts: reached(host.Route{Interface: "eth1"}, nil),
			ask: toPeer, state: Note, says: []string{"leaves by eth1"}}, Route},
		{trial{name: "others' default", facts: with(func(f *host.Facts) {
			f.AnyRoute.Value.Interface = "eth1"
		}), state: OK, says: []string{"eth1"}}, Route},
		{trial{name: "a router, TTL 1", facts: reached(router, nil), ask: toPeer, state: Problem,
			says: []string{"behind the router 10.77.0.254", "--ttl"}}, TTL},
		{trial{name: "a router, TTL 8", facts: reached(router, nil),
			ask: func(q *Question) { q.Peer, q.TTL = peer, 8 }, state: Note}, TTL},
		{trial{name: "no router", facts: reached(host.Route{Interface: "eth0"}, nil), ask: toPeer,
			state: OK}, TTL},
	} {
		c.run(t, c.check)
	}
}

func TestGroup(t *testing.T) {
	refused := func(err error) func(*host.Facts) {
		return with(func(f *host.Facts) {
			f.Trial.GroupErr, f.Machine.MostMemberships.Value = fmt.Errorf("join: %w", err), 0
		})
	}
	shared := func(name string) func(*host.Facts) {
		return with(func(f *host.Facts) {
			f.After.Sockets.Value = []host.Socket{{Inode: 7, Local: netip.MustParseAddrPort(
				"0.0.0.0:7700")}}
			f.Machine.Owners.Value = map[uint64]host.Process{7: {PID: 42, Name: name}}
		})
	}
	taken := func(name string) func(*host.Facts) {
		return with(func(f *host.Facts) {
			f.Trial.SocketErr = fmt.Errorf("bind: %w", syscall.EADDRINUSE)
			f.After.Sockets.Value = []host.Socket{{Inode: 7, Local: netip.MustParseAddrPort(
				"10.77.0.2:7701")}}
			f.Machine.Owners.Value = map[uint64]host.Process{7: {PID: 42, Name: name}}
		})
	}
	heard := func(first []byte) func(*host.Facts) {
		return with(func(f *host.Facts) {
			f.Trial.Heard = []host.Sender{{From: netip.MustParseAddrPort("10.9.0.1:5000"),
				Datagrams: 9, First: first}}
		})
	}
	seen := func(group string, first []byte) func(*host.Facts) {
		return with(func(f *host.Facts) {
			f.Seen.Value = []host.Seen{{Group: netip.MustParseAddrPort(group),
				From: netip.MustParseAddrPort("10.9.0.1:5000"), Datagrams: 2, First: first}}
		})
	}
	var enc frame.Encoder
	bye := enc.Append(nil, &frame.Frame{Kind: frame.Bye, Session: 1})
	for _, c := range []struct {
		trial
		check func(*host.Facts, Question) Check
	}{
		{trial{name: "limit", facts: refused(syscall.ENOBUFS), state: Problem,
			says: []string{"may join 0 groups", "igmp_max_memberships=20"}}, Join},
		{trial{name: "in use", facts: refused(syscall.EADDRINUSE), state: Problem,
			says: []string{"another program has port 7700 for itself"}}, Join},
		{trial{name: "refused", facts: refused(errors.New("odd")), state: Problem,
			says: []string{"odd"}}, Join},
		{trial{name: "shared", facts: shared("vlc"), state: Note,
			says: []string{"vlc (process 42)"}},
			Port},
		{trial{name: "crier's", facts: shared("crier"), state: OK, says: []string{"crier"}}, Port},
		{trial{name: "control port", facts: taken("named"), state: Problem,
			says: []string{"named (process 42) has 7701", "--control-port"}}, ControlPort},
		{trial{name: "crier's control port", facts: taken("crier"), state: OK}, ControlPort},
		{trial{name: "a stranger", facts: heard([]byte("hello")), state: Note,
			says: []string{"10.9.0.1:5000 sends to 239.77.0.1:7700", "68656c6c6f"}}, Senders},
		{trial{name: "crier", facts: heard(bye), state: OK, says: []string{"publishes",
			"1 session"}},
			Senders},
		{trial{name: "crier without a way back", facts: func(f *host.Facts) {
			heard(bye)(f)
			f.Routes[peer] = host.Reading[host.Route]{Err: host.ErrNoRoute}
		}, state: Problem, says: []string{"no route to it", "ip route add 10.9.0.1 dev eth0"}},
			Senders},
		{trial{name: "stopped before sockets", facts: seen("239.77.0.1:7700", []byte("x")),
			state: Problem, says: []string{"comes by eth0, but no socket gets it"}}, Senders},
		{trial{name: "another group", facts: seen("239.77.0.9:7700", bye), state: Note,
			says: []string{"crier publishes to 239.77.0.9:7700", "--group 239.77.0.9:7700"}},
			Senders},
		{trial{name: "another group, of others", facts: seen("239.77.0.9:7700", []byte("x")),
			state: OK}, Senders},
		{trial{name: "another port", facts: with(func(f *host.Facts) {
			f.Before.At = time.Unix(1, 0)
			f.After.Protocols.Value["Udp IgnoredMulti"] = 12
		}), state: Note, says: []string{"12 datagrams to groups at ports that no program has",
			"tcpdump -ni eth0"}}, Senders},
		{trial{name: "version 2", facts: with(func(f *host.Facts) {
			f.Memberships.Value.IGMP["eth0"] = 2
		}), state: Note, says: []string{"version 2"}}, IGMP},
		{trial{name: "MLD forced", facts: with(func(f *host.Facts) {
			f.Machine.ForcedMLD.Value = 1
		}), ask: func(q *Question) { q.Group = netip.MustParseAddrPort("[ff15::77]:7700") },
			state: Note, says: []string{"version 1 is forced"}}, IGMP},
		{trial{name: "forced", facts: with(func(f *host.Facts) {
			f.Machine.ForcedIGMP.Value = 2
		}), state: Note, says: []string{"version 2 is forced", "force_igmp_version=0"}}, IGMP},
	} {
		c.run(t, c.check)
	}
}

func TestBridges(t *testing.T) {
	has := func(b host.Bridge) func(*host.Facts) {
		return with(func(f *host.Facts) {
			b.Name = "br0"
			f.Machine.Bridges.Value = []host.Bridge{b}
		})
	}
	querier := netip.MustParseAddr("10.77.0.254")
	const long, short = 260 * time.Second, 2 * time.Second
	for _, c := range []trial{
		{name: "no snooping", facts: has(host.Bridge{MembershipInterval: short}), state: OK},
		{name: "no querier, so that it floods", facts: has(host.Bridge{Snooping: true,
			MembershipInterval: short}), state: OK, says: []string{"to all ports"}},
		{name: "a querier", facts: has(host.Bridge{Snooping: true, Other: querier,
			MembershipInterval: long}), state: OK, says: []string{"10.77.0.254"}},
		{name: "forgets too soon", facts: has(host.Bridge{Snooping: true, Other: querier,
			MembershipInterval: short}), state: Problem, says: []string{"forgets members after 2 s",
			"ip link set br0 type bridge mcast_querier 1"}},
		{name: "asks itself", facts: has(host.Bridge{Snooping: true, Querier: true,
			QueryInterval: 125 * time.Second, MembershipInterval: long}), state: OK},
		{name: "asks itself too rarely", facts: has(host.Bridge{Snooping: true, Querier: true,
			QueryInterval: 125 * time.Second, MembershipInterval: short}), state: Problem,
			says: []string{"mcast_membership_interval 26000"}},
		{name: "rules against IGMP", facts: func(f *host.Facts) {
			has(host.Bridge{})(f)
			nft("forward", "accept", rule("drop", "ip protocol", "igmp"))(f)
			f.Firewall.Value.Chains[0].Family = "bridge"
		}, state: Problem, says: []string{"dropped on br0: membership reports",
			"ip protocol igmp"}},
	} {
		c.run(t, Bridges)
	}
}

func TestBuffers(t *testing.T) {
	granted := func(read int) func(*host.Facts) {
		return with(func(f *host.Facts) { f.Trial.ReadBuffer = read })
	}
	rate := func(r float64) func(*Question) { return func(q *Question) { q.Rate = r } }
	drops := func(before, after uint64) func(*host.Facts) {
		return with(func(f *host.Facts) {
			at := netip.MustParseAddrPort("239.77.0.1:7700")
			f.Before.Sockets.Value = []host.Socket{{Inode: 7, Local: at, Drops: before}}
			f.After.Sockets.Value = []host.Socket{{Inode: 7, Local: at, Drops: after}}
		})
	}
	card := func(before, after uint64) func(*host.Facts) {
		return with(func(f *host.Facts) {
			f.Before.Card.Value = map[string]uint64{"rx_missed_errors": before}
			f.After.Card.Value = map[string]uint64{"rx_missed_errors": after}
		})
	}
	for _, c := range []struct {
		trial
		check func(*host.Facts, Question) Check
	}{
		{trial{name: "all of it", facts: granted(8 << 20), ask: rate(1e4), state: OK,
			says: []string{"8 MiB: 728 ms at 10 k/s"}}, ReadBuffer},
		{trial{name: "less", facts: granted(212992 / 2), ask: rate(1000), state: Note,
			says: []string{"104 KiB of the 8 MiB", "sysctl -w net.core.rmem_max=8388608"}},
			ReadBuffer},
		{trial{name: "too little", facts: granted(212992 / 2), ask: rate(1e4), state: Problem},
			ReadBuffer},
		{trial{name: "too little of what was asked for", facts: granted(8 << 20), ask: rate(1e6),
			state: Problem, says: []string{"--read-buffer"}}, ReadBuffer},
		{trial{name: "to write", facts: with(func(f *host.Facts) { f.Trial.WriteBuffer = 1 << 16 }),
			state: Note, says: []string{"wmem_max"}}, WriteBuffer},
		{trial{name: "now", facts: drops(5, 105), state: Problem, says: []string{"100 datagrams"}},
			Drops},
		{trial{name: "before", facts: drops(5, 5), state: Note, says: []string{"5 datagrams"}},
			Drops},
		{trial{name: "of a measurement", facts: with(func(f *host.Facts) {
			f.After.Sockets.Value = []host.Socket{{Inode: 7, Drops: 5, Own: true,
				Local: netip.MustParseAddrPort("239.77.0.1:7700")}}
		}), state: OK}, Drops},
		{trial{name: "damaged", facts: with(func(f *host.Facts) {
			f.Before.At = time.Unix(1, 0)
			f.After.Protocols.Value["Udp InCsumErrors"] = 3
		}), state: Note, says: []string{"3 datagrams came with a wrong checksum"}}, Drops},
		{trial{name: "in queues", facts: with(func(f *host.Facts) {
			f.Before.Softnet.Value = []host.Softnet{{Dropped: 1}}
			f.After.Softnet.Value = []host.Softnet{{Dropped: 3}}
		}), state: Note, says: []string{"2 frames", "netdev_max_backlog"}}, Drops},
		{trial{name: "at the card", facts: card(1, 8), state: Problem,
			says: []string{"7 frames", "rx_missed_errors", "ethtool -G eth0 rx 4096"}}, CardDrops},
		{trial{name: "at the card once", facts: card(8, 8), state: OK, says: []string{"8 since"}},
			CardDrops},
		{trial{name: "short ring", ask: rate(1e6), facts: with(func(f *host.Facts) {}), state: Note,
			says: []string{"1024 of at most 4096", "1.02 ms"}}, Ring},
	} {
		c.run(t, c.check)
	}
}

func TestMachine(t *testing.T) {
	card := func(change func(c *host.Card)) func(*host.Facts) {
		return with(func(f *host.Facts) { change(&f.Machine.Card.Value) })
	}
	uses := func(p host.Processors) func(*host.Facts) {
		return with(func(f *host.Facts) { f.Machine.Processors.Value = p })
	}
	place := func(kind string, p host.Place) func(*host.Facts) {
		return with(func(f *host.Facts) {
			eth0(f).Kind, f.Machine.Place.Value = kind, p
		})
	}
	for _, c := range []struct {
		trial
		check func(*host.Facts, Question) Check
	}{
		{trial{name: "damaged", facts: with(func(f *host.Facts) {
			f.Machine.Segments = host.ErrDamaged
		}), state: Problem}, Offload},
		{trial{name: "not to be tried", facts: with(func(f *host.Facts) {
			f.Machine.Segments = syscall.EPERM
		}), state: OK}, Offload},
		{trial{name: "known to damage", facts: with(func(f *host.Facts) {
			f.Trial.Uneven, f.Machine.Place.Value.Kernel = true, "7.0.3"
		}), state: Note, says: []string{"7.0.3", "7.1.5"}}, Offload},
		{trial{name: "no checksums", facts: card(func(c *host.Card) {
			c.Features["tx-checksum-ip-generic"] = false
		}), state: Note, says: []string{"ethtool -K eth0 tx on"}}, Offload},
		{trial{name: "virtual", facts: card(func(c *host.Card) { c.Driver = "virtio_net" }),
			state: OK,
			says:  []string{"the host of this virtual machine"}}, Offload},
		{trial{name: "no GRO", facts: card(func(c *host.Card) { c.Features["rx-gro"] = false }),
			state: Note, says: []string{"ethtool -K eth0 gro on"}}, Merging},
		{trial{name: "LRO", facts: card(func(c *host.Card) { c.Features["rx-lro"] = true }),
			state: Note}, Merging},
		{trial{name: "late interrupts", facts: card(func(c *host.Card) { c.Delay = 500 }),
			state: Note,
			says:  []string{"500 µs"}}, Ring},
		{trial{name: "half a processor", facts: uses(host.Processors{Threads: 1, Share: 0.5}),
			state: Note, says: []string{"0.5 of one"}}, Processors},
		{trial{name: "more threads than time", facts: uses(host.Processors{Threads: 64, Share: 2}),
			state: Note, says: []string{"GOMAXPROCS=2"}}, Processors},
		{trial{name: "little memory", facts: uses(host.Processors{Memory: 64 << 20}), state: Note,
			says: []string{"64 MiB"}}, Processors},
		{trial{name: "powersave", facts: uses(host.Processors{Governors: []string{"powersave"}}),
			state: Note}, Processors},
		{trial{name: "free clock", facts: with(func(f *host.Facts) {
			f.Machine.Clock.Value.Synchronised = false
		}), state: Note}, Clock},
		{trial{name: "docker", facts: place("veth", host.Place{Container: "docker"}), state: Note,
			says: []string{"--network host"}}, Place},
		{trial{name: "docker by macvlan", facts: place("macvlan", host.Place{Container: "docker"}),
			state: OK}, Place},
		{trial{name: "macvlan with a short queue", facts: with(func(f *host.Facts) {
			eth0(f).Kind, eth0(f).GroupQueue = "macvlan", 1000
		}), state: Note, says: []string{"at most 1,000 datagrams", "bcqueuelen"}}, Place},
		{trial{name: "cloud", facts: place("", host.Place{Cloud: "Amazon EC2"}), state: Note,
			says: []string{"Amazon EC2 carries no multicast"}}, Place},
		{trial{name: "WSL", facts: place("", host.Place{WSL: 2}), state: Note,
			says: []string{"mirrored"}}, Place},
		{trial{name: "wireless", facts: with(func(f *host.Facts) { eth0(f).Wireless = true }),
			state: Note}, Place},
	} {
		c.run(t, c.check)
	}
}
