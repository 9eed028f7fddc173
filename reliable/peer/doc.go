// Package peer recognizes that the other side of a session has moved to another address.
//
// The frames of a session are accepted from one source only, and a subscriber's NACK and
// STATUS only from its own address. Otherwise a stranger that has overheard an id could
// inject frames into the session, move the subscriber's position, or draw its repairs. Both
// ends therefore apply the same rule before they follow a peer: the old address has been
// quiet for some intervals, and the numbers and the time at the new one continue exactly
// where the old one stopped. A second candidate makes the move contested, and the address
// stays.
package peer
