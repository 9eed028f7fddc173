package host

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/vishvananda/netlink/nl"
)

// The kernel's names for attributes that package nl lacks.
const (
	infoKind, infoData = 1, 2
	bridgeQuerierState = 47 // IFLA_BR_MCAST_QUERIER_STATE
	querierAddress4    = 1
	querierTimer4      = 3
	querierAddress6    = 5
	querierTimer6      = 7
	getMDB             = 86
	mdbTable           = 1
	mdbEntry           = 1
	mdbEntryInfo       = 1
)

// clockTick is the unit of the kernel's intervals.
const clockTick = 10 * time.Millisecond

// Bridges lists the bridges of this namespace.
func Bridges() ([]Bridge, error) {
	request := nl.NewNetlinkRequest(syscall.RTM_GETLINK, syscall.NLM_F_DUMP)
	request.AddData(nl.NewIfInfomsg(syscall.AF_UNSPEC))
	messages, err := request.Execute(syscall.NETLINK_ROUTE, syscall.RTM_NEWLINK)
	if err != nil {
		return nil, err
	}
	var list []Bridge
	index := make(map[int32]int) // of bridges, by their interface's index
	names := make(map[int32]string)
	masters := make(map[int32]int32)
	for _, m := range messages {
		info := nl.DeserializeIfInfomsg(m)
		attrs, err := nl.ParseRouteAttr(m[info.Len():])
		if err != nil {
			return nil, err
		}
		var b Bridge
		kind, data := "", []syscall.NetlinkRouteAttr(nil)
		for _, a := range attrs {
			switch a.Attr.Type {
			case syscall.IFLA_IFNAME:
				b.Name = nl.BytesToString(a.Value)
			case syscall.IFLA_MASTER:
				masters[info.Index] = int32(nl.NativeEndian().Uint32(a.Value))
			case syscall.IFLA_LINKINFO:
				kind, data = linkInfo(a.Value)
			}
		}
		names[info.Index] = b.Name
		if kind == "bridge" {
			b.parse(data)
			index[info.Index] = len(list)
			list = append(list, b)
		}
	}
	for port, master := range masters {
		if i, ok := index[master]; ok {
			list[i].Ports = append(list[i].Ports, names[port])
		}
	}
	for at, i := range index {
		slices.Sort(list[i].Ports)
		list[i].Members, list[i].MembersErr = members(at, names)
	}
	return list, nil
}

// linkInfo returns an interface's kind and the attributes of its kind.
func linkInfo(raw []byte) (kind string, data []syscall.NetlinkRouteAttr) {
	attrs, _ := nl.ParseRouteAttr(raw)
	for _, a := range attrs {
		switch a.Attr.Type {
		case infoKind:
			kind = nl.BytesToString(a.Value)
		case infoData:
			data, _ = nl.ParseRouteAttr(a.Value)
		}
	}
	return kind, data
}

// parse takes the attributes of a bridge.
func (b *Bridge) parse(attrs []syscall.NetlinkRouteAttr) {
	for _, a := range attrs {
		switch kind := a.Attr.Type &^ nl.NLA_F_NESTED; {
		case kind == nl.IFLA_BR_MCAST_SNOOPING && len(a.Value) > 0:
			b.Snooping = a.Value[0] != 0
		case kind == nl.IFLA_BR_MCAST_QUERIER && len(a.Value) > 0:
			b.Querier = a.Value[0] != 0
		case kind == nl.IFLA_BR_MCAST_MEMBERSHIP_INTVL && len(a.Value) >= 8:
			b.MembershipInterval = ticks(a.Value)
		case kind == nl.IFLA_BR_MCAST_QUERY_INTVL && len(a.Value) >= 8:
			b.QueryInterval = ticks(a.Value)
		case kind == bridgeQuerierState:
			b.Other = otherQuerier(a.Value)
		}
	}
}

// otherQuerier returns the address of a querier that was heard, while that counts: as long as
// its timer runs.
func otherQuerier(raw []byte) netip.Addr {
	var addr [2]netip.Addr
	var runs [2]bool
	state, _ := nl.ParseRouteAttr(raw)
	for _, s := range state {
		switch s.Attr.Type {
		case querierAddress4:
			addr[0], _ = netip.AddrFromSlice(s.Value)
		case querierAddress6:
			addr[1], _ = netip.AddrFromSlice(s.Value)
		case querierTimer4:
			runs[0] = true
		case querierTimer6:
			runs[1] = true
		}
	}
	for i := range addr {
		if runs[i] && addr[i].IsValid() {
			return addr[i]
		}
	}
	return netip.Addr{}
}

func ticks(raw []byte) time.Duration {
	return time.Duration(nl.NativeEndian().Uint64(raw)) * clockTick
}

// headLen is the size of the kernel's struct br_port_msg: the family, and an interface.
const headLen = 8

// bridgeHead is that struct in a request for all bridges.
type bridgeHead [headLen]byte

func (h bridgeHead) Len() int          { return headLen }
func (h bridgeHead) Serialize() []byte { return h[:] }

// members asks for a bridge's table of groups.
func members(bridge int32, names map[int32]string) (map[netip.Addr][]string, error) {
	request := nl.NewNetlinkRequest(getMDB, syscall.NLM_F_DUMP)
	request.AddData(bridgeHead{syscall.AF_BRIDGE})
	messages, err := request.Execute(syscall.NETLINK_ROUTE, getMDB) // which answers have, too
	if err != nil {
		return nil, err
	}
	table := make(map[netip.Addr][]string)
	for _, m := range messages {
		if len(m) < headLen || int32(nl.NativeEndian().Uint32(m[4:])) != bridge {
			continue
		}
		for _, entry := range nested(nested(nestedOf(m[headLen:]), mdbTable), mdbEntry) {
			if entry.Attr.Type&^nl.NLA_F_NESTED == mdbEntryInfo {
				addGroup(table, entry.Value, names)
			}
		}
	}
	return table, nil
}

func nestedOf(raw []byte) []syscall.NetlinkRouteAttr {
	attrs, _ := nl.ParseRouteAttr(raw)
	return attrs
}

// nested returns the attributes within those of a type.
func nested(attrs []syscall.NetlinkRouteAttr, kind uint16) []syscall.NetlinkRouteAttr {
	var all []syscall.NetlinkRouteAttr
	for _, a := range attrs {
		if a.Attr.Type&^nl.NLA_F_NESTED == kind {
			all = append(all, nestedOf(a.Value)...)
		}
	}
	return all
}

// addGroup takes a struct br_mdb_entry: port, state, flags, VLAN, address and protocol.
func addGroup(table map[netip.Addr][]string, raw []byte, names map[int32]string) {
	const addressAt, protocolAt = 8, 24
	if len(raw) < protocolAt+2 {
		return
	}
	var group netip.Addr
	switch binary.BigEndian.Uint16(raw[protocolAt:]) {
	case syscall.ETH_P_IP:
		group = netip.AddrFrom4([4]byte(raw[addressAt:]))
	case syscall.ETH_P_IPV6:
		group = netip.AddrFrom16([16]byte(raw[addressAt:]))
	default:
		return
	}
	port := names[int32(nl.NativeEndian().Uint32(raw))]
	table[group] = append(table[group], port)
}
