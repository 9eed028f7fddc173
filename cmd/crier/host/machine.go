package host

import (
	"context"
	"maps"
)

// Machine has facts of the machine and of the interface's settings.
type Machine struct {
	// MostMemberships is how many groups a socket may join.
	MostMemberships Reading[int]
	// ForcedIGMP is the version of IGMP that a setting forces on the interface, or 0.
	ForcedIGMP Reading[int]
	// ForcedMLD is the version of MLD that a setting forces on the interface, or 0.
	ForcedMLD Reading[int]
	// MostRead and MostWrite are the largest buffers that a user gets.
	MostRead, MostWrite Reading[int]
	Bridges             Reading[[]Bridge]
	// Owners are the processes that hold sockets.
	Owners     Reading[map[uint64]Process]
	Card       Reading[Card]
	Place      Reading[Place]
	Processors Reading[Processors]
	Clock      Reading[Clock]
	// Segments is the error of cutting a write into equal datagrams.
	Segments error
}

// Full reads all facts. It takes some 50 ms.
func (r Roots) Full(ctx context.Context, about About, before Counters) *Facts {
	f := r.Waiting(ctx, about, before)
	m := &Machine{
		MostMemberships: Of(r.SysctlInt("net.ipv4.igmp_max_memberships")),
		ForcedIGMP:      notRead[int](),
		ForcedMLD:       notRead[int](),
		MostRead:        Of(r.SysctlInt("net.core.rmem_max")),
		MostWrite:       Of(r.SysctlInt("net.core.wmem_max")),
		Bridges:         Of(Bridges()),
		Owners:          Of(r.Owners()),
		Card:            notRead[Card](),
		Place:           Of(r.Place()),
		Processors:      Of(r.Processors()),
		Clock:           Of(r.Clock()),
		Segments:        Segments(),
	}
	if i := f.Interface(); i != nil {
		m.ForcedIGMP = Of(r.forced("ipv4", i.Name, "force_igmp_version"))
		m.ForcedMLD = Of(r.forced("ipv6", i.Name, "force_mld_version"))
		m.Card = Of(CardOf(i.Name))
	}
	f.Machine = m
	return f
}

// AddOwners adds the processes that hold sockets by now.
func (r Roots) AddOwners(m *Machine) {
	owners, err := r.Owners()
	if err != nil || m.Owners.Err != nil {
		return
	}
	maps.Copy(m.Owners.Value, owners)
}

// forced returns the version that the setting of all interfaces forces, or else that of one.
func (r Roots) forced(family, iface, setting string) (int, error) {
	all, err := r.interfaceSysctl(family, "all", setting)
	if err != nil || all != 0 {
		return all, err
	}
	return r.interfaceSysctl(family, iface, setting)
}
