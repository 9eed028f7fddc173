// Package team shares the work on a stream among the members of teams: the publisher's half.
//
// An [Arbiter] belongs to one session. It hears the members' CLAIMs, and leases them the
// session's messages by GRANTs: to each member of a team some of the partitions, or single
// messages. A lease runs from when the member sent the CLAIM to the member, and from when it came,
// and a sixteenth longer, to the Arbiter. So nothing is granted anew that a member may still
// hand out, as long as their clocks' rates differ by less than a sixteenth.
//
// An Arbiter has no clock: all times that it takes and returns are those of the lease clock, which
// goes on while the machine sleeps. It has no goroutine, lock or socket either.
package team
