package events

import (
	"fmt"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// Certificate is the JSON of what the survivors of a silent publisher found. Number 0, with Live,
// is none: others hear the publisher.
type Certificate struct {
	// Number counts the certificates of a silence, from 1. 0 is none: see live.
	Number int `json:"number"`
	// Agreed is whether all members confirmed the hash
	Agreed bool `json:"agreed"`
	// Took is the time from the silence to the certificate.
	Took int64 `json:"took_ns"`
	// Counted is the number of subscribers that the publisher had counted.
	Counted int `json:"counted,omitempty"`
	// Members are those that took part, this subscriber among them.
	Members []Member `json:"members"`
	// More is the number of members for which there was no place.
	More int `json:"more_members,omitempty"`
	// Frames are the sequence numbers that it is about.
	Frames Range `json:"frames"`
	// NextOffset is the offset after the last message that a member knows of.
	NextOffset uint64 `json:"next_offset"`
	// Nobody are the sequence numbers that no member has.
	Nobody []Range `json:"nobody"`
	// Unsettled are sequence numbers that this subscriber lacks, though a member may have them.
	Unsettled []Range `json:"unsettled,omitempty"`
	// Lost are the offsets that this subscriber named lost since the silence, 1,024 ranges at most.
	Lost []Range `json:"lost"`
	// LostMessages is the number of all of them.
	LostMessages uint64 `json:"lost_messages"`
	// Found is the number of frames that were named lost here, and that a member has. They are not
	// delivered any more.
	Found uint64 `json:"found,omitempty"`
	// Hash is that of members, frames and nobody: 16 hex digits.
	Hash string `json:"hash"`
	// Live are members that hear the publisher, if there are any: then it is not dead.
	Live []Member `json:"live,omitempty"`
	// Withdrawn is whether the publisher was heard again.
	Withdrawn bool `json:"withdrawn,omitempty"`
}

// Member is the JSON of a member of an inquest.
type Member struct {
	// ID is its id: 16 hex digits.
	ID string `json:"id"`
	// Name is what it calls itself.
	Name string `json:"name,omitempty"`
	// Addr is its address and port, absent for this subscriber itself.
	Addr string `json:"address,omitempty"`
	// Role is `peer` or `recorder`.
	Role string `json:"role"`
	// Confirmed is whether its last word had the hash.
	Confirmed bool `json:"confirmed"`
}

// Range is the JSON of a range of numbers.
type Range struct {
	// From is the first number.
	From uint64 `json:"from"`
	// To is the number after the last.
	To uint64 `json:"to"`
}

// CertificateOf returns a certificate's JSON; nil for none.
func CertificateOf(c *subscriber.Certificate) *Certificate {
	if c == nil {
		return nil
	}
	return &Certificate{
		Number: c.Number, Agreed: c.Agreed, Took: int64(c.Took), Counted: c.Counted,
		Members: membersOf(c.Members), More: c.More,
		Frames: Range{c.Frames.From, c.Frames.To}, NextOffset: c.NextOffset,
		Nobody: rangesOf(c.Nobody), Unsettled: rangesOf(c.Unsettled),
		Lost: rangesOf(c.Lost), LostMessages: c.LostMessages, Found: c.Found,
		Hash: fmt.Sprintf("%016x", c.Hash), Live: membersOf(c.Live), Withdrawn: c.Withdrawn,
	}
}

// Brief describes a certificate in a few words.
func (c *Certificate) Brief() string {
	switch n := uint64(len(c.Members)); {
	case c.Withdrawn:
		return fmt.Sprintf("certificate %d was withdrawn: the publisher was heard again", c.Number)
	case len(c.Live) > 0:
		return "no certificate: " + cli.Counted(uint64(len(c.Live)), "other heard",
			"others heard") + " the publisher"
	case n <= 1:
		role := ""
		if n == 1 {
			role = c.Members[0].Role
		}
		return fmt.Sprintf("certificate %d, by %s alone", c.Number, selfText(role))
	case c.Agreed:
		return fmt.Sprintf("certificate %d, agreed by all %s members", c.Number, cli.Grouped(n))
	default:
		return fmt.Sprintf("certificate %d, not agreed by all %s members", c.Number,
			cli.Grouped(n))
	}
}

func membersOf(list []subscriber.Survivor) []Member {
	members := make([]Member, len(list))
	for i := range list {
		s := &list[i]
		members[i] = Member{ID: fmt.Sprintf("%016x", s.ID), Name: s.Name, Addr: SourceText(s.Addr),
			Role: s.Role.String(), Confirmed: s.Confirmed}
	}
	return members
}

func rangesOf(list []subscriber.Range) []Range {
	ranges := make([]Range, len(list))
	for i, r := range list {
		ranges[i] = Range{r.From, r.To}
	}
	return ranges
}
