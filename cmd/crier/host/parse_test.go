package host

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// recorded is a machine whose files were recorded, or written for a test.
func recorded(t *testing.T, files map[string]string) Roots {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Roots{Proc: dir + "/proc", Net: dir + "/proc/net", Sys: dir + "/sys", Root: dir}
}

const recordedIGMP = `Idx	Device    : Count Querier	Group    Users Timer	Reporter
1	lo        :     1      V3
				010000E0     1 0:00000000		0
4	eth0      :     2      V2
				01004DEF     3 0:00000000		0
				010000E0     1 0:00000000		0
`

const recordedIGMP6 = `1    lo              ff020000000000000000000000000001     1 0000000C 0
4    eth0            ff150000000000000000000000000077     2 00000004 0
`

func TestMemberships(t *testing.T) {
	r := recorded(t, map[string]string{
		"proc/net/igmp": recordedIGMP, "proc/net/igmp6": recordedIGMP6,
	})
	m, err := r.Memberships()
	if err != nil {
		t.Fatal(err)
	}
	if m.IGMP["eth0"] != 2 || m.IGMP["lo"] != 3 || len(m.Groups) != 5 {
		t.Errorf("%+v", m)
	}
	for _, c := range []struct {
		iface, group string
		users        int
	}{
		{"eth0", "239.77.0.1", 3}, {"lo", "239.77.0.1", 0}, {"eth0", "ff15::77", 2},
		{"lo", "224.0.0.1", 1},
	} {
		if got := m.On(c.iface, netip.MustParseAddr(c.group)); got != c.users {
			t.Errorf("%s on %s has %d users, want %d", c.group, c.iface, got, c.users)
		}
	}
	for _, damaged := range []string{"\t\tXY 1\n", "4\n", "1\tlo : 1 V3\n\t\t01\n",
		"1\tlo : 1 V3\n\t\t0100 1\n"} {
		r := recorded(t, map[string]string{"proc/net/igmp": damaged})
		if _, err := r.Memberships(); err == nil {
			t.Errorf("%q is read without an error", damaged)
		}
	}
}

const recordedUDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            
  811: 01004DEF:1E14 00000000:0000 07 00000000:00001200 00:00000000 00000000  1000        0 31337 2 0000000000000000 12          
  812: 0200000A:1E15 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4242 2 0000000000000000 0           
`

const recordedUDP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  811: 000000000000000000000000 00
`

func TestSockets(t *testing.T) {
	files := map[string]string{"proc/net/udp": recordedUDP, "proc/77/comm": "crier\n"}
	r := recorded(t, files)
	fd := filepath.Join(r.Proc, "77", "fd")
	if err := os.MkdirAll(fd, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"0": "/dev/null", "3": "socket:[31337]"} {
		if err := os.Symlink(target, filepath.Join(fd, name)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := r.Sockets()
	want := []Socket{
		{Local: netip.MustParseAddrPort("239.77.0.1:7700"),
			Remote: netip.MustParseAddrPort("0.0.0.0:0"), UID: 1000, Inode: 31337, Queued: 0x1200,
			Drops: 12},
		{Local: netip.MustParseAddrPort("10.0.0.2:7701"),
			Remote: netip.MustParseAddrPort("0.0.0.0:0"), Inode: 4242},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%v: %+v", err, list)
	}
	owners, err := r.Owners()
	if err != nil || len(owners) != 1 || owners[31337] != (Process{77, "crier"}) {
		t.Errorf("%v: %v", err, owners)
	}
	files["proc/net/udp6"] = recordedUDP6
	if _, err := recorded(t, files).Sockets(); err == nil {
		t.Error("a line cut short is read without an error")
	}
}

func TestCounters(t *testing.T) {
	r := recorded(t, map[string]string{
		"proc/net/snmp": "Ip: Forwarding InReceives\nIp: 1 99\nTcp: MaxConn\nTcp: -1\n" +
			"Udp: InDatagrams RcvbufErrors\nUdp: 5 7\n",
		"proc/net/netstat":      "TcpExt: X IPReversePathFilter\nTcpExt: 0 42\n",
		"proc/net/snmp6":        "Udp6RcvbufErrors                \t3\n",
		"proc/net/softnet_stat": "1649deef 00000010 0000001b 0\n0a21b1a5 0 0 0\n",
	})
	c := r.Counters("none")
	if c.Protocols.Err != nil || c.Protocols.Value["Udp RcvbufErrors"] != 7 ||
		c.Protocols.Value["TcpExt IPReversePathFilter"] != 42 ||
		c.Protocols.Value["Udp6RcvbufErrors"] != 3 {
		t.Errorf("%v", c.Protocols)
	}
	want := []Softnet{{Taken: 0x1649deef, Dropped: 16, Squeezed: 27}, {Taken: 0x0a21b1a5}}
	if !reflect.DeepEqual(c.Softnet.Value, want) {
		t.Errorf("%+v", c.Softnet)
	}
	if c.Sockets.Err == nil || c.Card.Err == nil {
		t.Error("what isn't there is read")
	}
	for _, damaged := range []string{"Ip: A B\nIp: 1\n", "Ip: A\nUdp: 1\n"} {
		if err := parseProtocols(damaged, map[string]uint64{}); err == nil {
			t.Errorf("%q is read without an error", damaged)
		}
	}
}

func TestSysctl(t *testing.T) {
	r := recorded(t, map[string]string{
		"proc/sys/net/ipv4/conf/all/rp_filter":     "0\n",
		"proc/sys/net/ipv4/conf/eth0.5/rp_filter":  "1\n",
		"proc/sys/net/ipv4/igmp_max_memberships":   "20\n",
		"proc/sys/net/ipv4/conf/broken/rp_filter":  "x\n",
		"proc/sys/net/ipv4/conf/default/rp_filter": "2\n",
	})
	if n, err := r.reversePath("eth0.5"); n != 1 || err != nil {
		t.Errorf("eth0.5: %d, %v", n, err)
	}
	if n, err := r.SysctlInt("net.ipv4.igmp_max_memberships"); n != 20 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, iface := range []string{"broken", "missing"} {
		if _, err := r.reversePath(iface); err == nil {
			t.Errorf("%s is read without an error", iface)
		}
	}
}

func TestTraffic(t *testing.T) {
	r := recorded(t, map[string]string{"proc/net/dev": `Inter-|   Receive            |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo:    1656      18    0    0    0     0          0         0     1656      18    0    0
  eth0: 9656001   40018    0    7    0     0          0         0     1656      18    0    0
`})
	if got, err := r.Traffic("eth0"); err != nil || got != (Traffic{Packets: 40018, Dropped: 7}) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := r.Traffic("eth1"); err == nil {
		t.Error("an interface that isn't there has traffic")
	}
}
