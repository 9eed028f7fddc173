package echo

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/reliable/frame"
)

// maxSenders bounds the senders in a group that are told apart.
const maxSenders = 8

// Senders are the senders in a group, beside the two hosts that measure. The zero value is ready.
type Senders struct {
	list map[netip.AddrPort]*Sender
	more int // datagrams of further ones
}

// Sender is a sender in a group.
type Sender struct {
	From        netip.AddrPort
	Datagrams   int
	Frames      int        // of crier's
	Kind        frame.Kind // of the last frame
	First, Last time.Time
}

// add counts a datagram. The frame is nil if it isn't crier's.
func (s *Senders) add(from netip.AddrPort, f *frame.Frame, now time.Time) {
	one := s.list[from]
	if one == nil {
		if len(s.list) >= maxSenders {
			s.more++
			return
		}
		if s.list == nil {
			s.list = map[netip.AddrPort]*Sender{}
		}
		one = &Sender{From: from, First: now}
		s.list[from] = one
	}
	one.Datagrams++
	one.Last = now
	if f != nil {
		one.Frames++
		one.Kind = f.Kind
	}
}

// List returns the senders by address.
func (s *Senders) List() []Sender {
	var list []Sender
	for _, one := range s.list {
		list = append(list, *one)
	}
	slices.SortFunc(list, func(a, b Sender) int { return a.From.Compare(b.From) })
	return list
}

// copy returns a copy that doesn't change.
func (s *Senders) copy() Senders {
	c := Senders{list: map[netip.AddrPort]*Sender{}, more: s.more}
	for _, one := range s.List() {
		c.list[one.From] = &one
	}
	return c
}

// Check names the other senders in a group.
func (s *Senders) Check(group netip.AddrPort) check.Check {
	c := check.Check{Name: OtherSenders, State: check.OK}
	if len(s.list) == 0 {
		c.Evidence = fmt.Sprintf("none was heard in %v", group)
		return c
	}
	c.State = check.Note
	var parts []string
	for _, one := range s.List() {
		what := fmt.Sprintf("crier frames, %v the last", one.Kind)
		if foreign := one.Datagrams - one.Frames; foreign > 0 {
			what = fmt.Sprintf("%s of them no crier frames", grouped(foreign))
			c.State, c.Mend = check.Problem,
				"find the program (ss -ulpn there), and choose another group for one of the two"
		}
		parts = append(parts, fmt.Sprintf("%v sent %s (%s)", one.From,
			cli.Counted(uint64(one.Datagrams), "datagram", "datagrams"), what))
	}
	if s.more > 0 {
		parts = append(parts, fmt.Sprintf("others sent %s more", grouped(s.more)))
	}
	c.Evidence = fmt.Sprintf("in %v, %s", group, strings.Join(parts, "; "))
	return c
}
