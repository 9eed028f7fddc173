package soak

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
)

// query is a general query for memberships: IGMP (RFC 2236, 3376), or MLD (RFC 2710, 3810).
type query struct {
	protocol string
	// every is how often the querier says it asks; 0 if it doesn't.
	every time.Duration
}

// parseIGMP returns the query in an IGMP message, and reports whether there is one.
func parseIGMP(b []byte) (query, bool) {
	if len(b) < 8 || b[0] != 0x11 || binary.BigEndian.Uint32(b[4:]) != 0 {
		return query{}, false
	}
	switch {
	case len(b) >= 12:
		return query{"IGMPv3", seconds(b[9])}, true
	case b[1] == 0:
		return query{protocol: "IGMPv1"}, true
	}
	return query{protocol: "IGMPv2"}, true
}

// parseMLD returns the query in an ICMPv6 message, and reports whether there is one.
func parseMLD(b []byte) (query, bool) {
	if len(b) < 24 || b[0] != 130 ||
		netip.AddrFrom16([16]byte(b[8:24])) != netip.IPv6Unspecified() {
		return query{}, false
	}
	if len(b) >= 28 {
		return query{"MLDv2", seconds(b[25])}, true
	}
	return query{protocol: "MLDv1"}, true
}

// seconds decodes a querier's interval (QQIC, RFC 3376, section 4.1.7).
func seconds(code byte) time.Duration {
	if code < 128 {
		return time.Duration(code) * time.Second
	}
	return time.Duration(code&15|16) << (code>>4&7 + 3) * time.Second
}

// Querier is a host or a switch that asks for memberships.
type Querier struct {
	Addr        netip.Addr
	Protocol    string
	Every       time.Duration // as it says; 0 if it doesn't
	Queries     int
	First, Last time.Time
}

// interval returns how often a querier asks, as far as was seen or said.
func (q *Querier) interval() time.Duration {
	if q.Every > 0 {
		return q.Every
	}
	if q.Queries > 1 {
		return q.Last.Sub(q.First) / time.Duration(q.Queries-1)
	}
	return defaultQueryInterval
}

const (
	// defaultQueryInterval is how often queriers ask by default (RFC 3376, section 8.2), and
	// ageing is when a switch forgets a member by default (8.4).
	defaultQueryInterval = 125 * time.Second
	ageing               = 260 * time.Second
	// maxQueriers bounds the queriers that are told apart.
	maxQueriers = 4
)

// errNoRight says that a raw socket is not for this user.
var errNoRight = errors.New("hearing queries needs root, or the capability CAP_NET_RAW")
