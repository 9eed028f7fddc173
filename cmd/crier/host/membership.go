package host

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Memberships tells which groups this machine is a member of.
type Memberships struct {
	// Groups lists the groups by interface.
	Groups []Membership
	// IGMP tells by interface which version of IGMP it speaks: 1, 2 or 3. It is 3 unless a
	// setting forces another, or a querier that speaks an older one was heard.
	IGMP map[string]int
}

// Membership is one group on one interface.
type Membership struct {
	Interface string
	Group     netip.Addr
	// Users is how many sockets joined it.
	Users int
}

// On returns how many sockets joined a group on an interface.
func (m Memberships) On(iface string, group netip.Addr) int {
	n := 0
	for _, g := range m.Groups {
		if g.Interface == iface && g.Group == group {
			n += g.Users
		}
	}
	return n
}

// Memberships reads /proc/net/igmp and igmp6.
func (r Roots) Memberships() (Memberships, error) {
	m := Memberships{IGMP: make(map[string]int)}
	text, err := read(r.Net, "igmp")
	if err != nil {
		return m, err
	}
	if err := m.parseIGMP(text); err != nil {
		return m, fmt.Errorf("/proc/net/igmp: %w", err)
	}
	if text, err := read(r.Net, "igmp6"); err == nil {
		if err := m.parseIGMP6(text); err != nil {
			return m, fmt.Errorf("/proc/net/igmp6: %w", err)
		}
	}
	return m, nil
}

// parseIGMP reads a line for each interface, and one below it for each of its groups.
func (m *Memberships) parseIGMP(text string) error {
	iface := ""
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "Idx":
		case line[0] != '\t' && line[0] != ' ':
			// 4	eth0      :     1      V3
			if len(f) < 4 {
				return fmt.Errorf("an interface's line is %q", line)
			}
			iface = strings.TrimSuffix(f[1], ":")
			if v, ok := strings.CutPrefix(f[len(f)-1], "V"); ok {
				m.IGMP[iface], _ = strconv.Atoi(v)
			}
		default:
			if len(f) < 2 || iface == "" {
				return fmt.Errorf("a group's line is %q", line)
			}
			if err := m.add(iface, f[0], f[1], true); err != nil {
				return err
			}
		}
	}
	return nil
}

// parseIGMP6 reads lines of an index, an interface, a group and its users.
func (m *Memberships) parseIGMP6(text string) error {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 {
			return fmt.Errorf("a line has %d fields: %q", len(f), line)
		}
		if err := m.add(f[1], f[2], f[3], false); err != nil {
			return err
		}
	}
	return nil
}

// add adds a group, whose address is in this machine's byte order if it is native.
func (m *Memberships) add(iface, group, users string, native bool) error {
	raw, err := hex.DecodeString(group)
	n, err2 := strconv.Atoi(users)
	if err != nil || err2 != nil {
		return fmt.Errorf("group %q with users %q", group, users)
	}
	addr, ok := netip.AddrFromSlice(raw)
	if native {
		addr, err = hexAddr(raw)
	}
	if err != nil || !native && !ok {
		return fmt.Errorf("%q is no group", group)
	}
	m.Groups = append(m.Groups, Membership{iface, addr, n})
	return nil
}
