package host

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Counters are what the kernel has counted since the machine, or its network namespace,
// began. Two of them, some time apart, tell what happens now.
type Counters struct {
	At time.Time
	// Protocols has the counters of /proc/net/snmp, netstat and snmp6 by protocol and name,
	// such as "Udp RcvbufErrors" and "TcpExt IPReversePathFilter".
	Protocols Reading[map[string]uint64]
	// Sockets are the UDP sockets of the namespace.
	Sockets Reading[[]Socket]
	// Softnet has what each processor took from network cards.
	Softnet Reading[[]Softnet]
	// Card has the interface's own statistics that count what it dropped.
	Card Reading[map[string]uint64]
}

// Counters reads the counters of now; iface names the card.
func (r Roots) Counters(iface string) Counters {
	return Counters{
		At:        time.Now(),
		Protocols: Of(r.protocols()),
		Sockets:   Of(r.Sockets()),
		Softnet:   Of(r.softnet()),
		Card:      Of(cardDrops(iface)),
	}
}

// protocols reads the counters of protocols. A system without IPv6 has no snmp6.
func (r Roots) protocols() (map[string]uint64, error) {
	all := make(map[string]uint64)
	for _, name := range []string{"snmp", "netstat"} {
		text, err := read(r.Net, name)
		if err != nil {
			return nil, err
		}
		if err := parseProtocols(text, all); err != nil {
			return nil, fmt.Errorf("/proc/net/%s: %w", name, err)
		}
	}
	if text, err := read(r.Net, "snmp6"); err == nil {
		parseNamed(text, all)
	}
	return all, nil
}

// parseProtocols reads lines in pairs: a protocol's names, and its numbers.
func parseProtocols(text string, into map[string]uint64) error {
	var names []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		if len(fields) != len(names) || fields[0] != names[0] {
			return fmt.Errorf("the line of %s has no line of numbers of its own", names[0])
		}
		protocol := strings.TrimSuffix(names[0], ":")
		for i, name := range names[1:] {
			// Some are signed: MaxConn of TCP is -1.
			n, err := strconv.ParseUint(fields[i+1], 10, 64)
			if err == nil {
				into[protocol+" "+name] = n
			}
		}
		names = nil
	}
	return nil
}

// parseNamed reads lines of a name and a number, as in snmp6: "Udp6InErrors 0".
func parseNamed(text string, into map[string]uint64) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			continue
		}
		if n, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
			into[fields[0]] = n
		}
	}
}

// Softnet is what one processor took from network cards.
type Softnet struct {
	// Taken counts frames, Dropped those for which its queue had no room, and Squeezed how
	// often it stopped before all were taken.
	Taken, Dropped, Squeezed uint64
}

func (r Roots) softnet() ([]Softnet, error) {
	text, err := read(r.Net, "softnet_stat")
	if err != nil {
		return nil, err
	}
	return parseSoftnet(text)
}

// parseSoftnet reads a line of hexadecimal numbers for each processor.
func parseSoftnet(text string) ([]Softnet, error) {
	var list []Softnet
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("softnet_stat has a line of %d numbers: %q", len(fields), line)
		}
		var n [3]uint64
		for i := range n {
			var err error
			if n[i], err = strconv.ParseUint(fields[i], 16, 64); err != nil {
				return nil, fmt.Errorf("softnet_stat: %q is no hexadecimal number", fields[i])
			}
		}
		list = append(list, Softnet{Taken: n[0], Dropped: n[1], Squeezed: n[2]})
	}
	return list, nil
}
