package host

import (
	"net/netip"
	"time"
)

// Bridge is a software switch of this namespace.
type Bridge struct {
	Name string
	// Snooping says that it carries a group only to ports with members; Querier that it asks
	// for members itself.
	Snooping, Querier bool
	// Other is another querier that was heard, for as long as that counts: 255 s as a rule.
	Other netip.Addr
	// MembershipInterval is how long a member is remembered that isn't heard; QueryInterval is
	// how often this bridge would ask.
	MembershipInterval, QueryInterval time.Duration
	Ports                             []string
	// Members lists the ports with members of each group; "" stands for the bridge itself.
	Members map[netip.Addr][]string
	// MembersErr says why Members could not be read.
	MembersErr error
}
