package nack

import "net/netip"

// A Repair is one frame to send again.
type Repair struct {
	Seq uint64
	// Request is the newest request that the repair answers.
	Request uint64
	// To is the subscriber's address; if it is invalid, the repair goes to the group.
	To netip.AddrPort
	// Asker is the subscriber in whose turn the frame is repeated.
	Asker *Asker
	// Again says that the frame was repeated before.
	Again bool
}

// An Answer is the response to a NACK besides repairs. Its slices are valid until the
// next Begin.
type Answer struct {
	// Gone are frames that are no longer held. The asker is to be told.
	Gone []Range
	// Unfit are frames that are held, but too large for the network. The asker is to be
	// told.
	Unfit []Range
	// Confirm are frames that come later, or not to all. The group is to be told.
	Confirm []Range
	// Coming are frames that come later, to the asker alone. The asker is to be told.
	Coming []Range
}

// A Denial names frames that waited for their repair and won't be repeated.
type Denial struct {
	// To is the address of the asker; if it is invalid, several asked, and the group is
	// to be told.
	To      netip.AddrPort
	Request uint64
	Range   Range
	// Unfit says that the frames are held, but too large for the network. Otherwise they
	// are no longer held.
	Unfit bool
}

// ResponderStats counts a Responder's work, in frames.
type ResponderStats struct {
	// Asked were asked for by NACKs, and held.
	Asked uint64
	// Crossed were ignored because a repair was already on its way.
	Crossed uint64
	// Again were repeated before they were asked for by the same subscriber: that repair is lost.
	Again uint64
	// Gone were no longer held, when asked for or when their turn came.
	Gone uint64
	// Unfit were too large for the network.
	Unfit uint64
	// Refused were not queued: the asker had too many waiting, or asked for too many.
	Refused uint64
	// Repaired were handed out as repairs.
	Repaired uint64
	// ToGroup are those repairs that went to the group.
	ToGroup uint64
	// Throttled counts the times that a repair had to wait for the budget or a quota.
	Throttled uint64
	// CaughtUp are those repairs that went to subscribers that were behind.
	CaughtUp uint64
	// Dropped are no longer awaited: the asker left, or has passed them.
	Dropped uint64
	// Unconfirmed wait, but were not confirmed, for lack of budget.
	Unconfirmed uint64
}
