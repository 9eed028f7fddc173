package subscriber

import (
	"crier/multicast"
	"crier/reliable/receive"
)

// Feed is one of several ways by which the same datagrams come:
//
//	Group netip.AddrPort   the group there; the zero value means that all feeds have the same
//	Interface string       the interface's name or one of its addresses
type Feed = multicast.Feed

// FeedStats are a session's counters of one feed:
//
//	Feed int                   its index in Config.Feeds
//	Source netip.AddrPort      the publisher's address there
//	Down bool                  whether nothing comes by it while another one brings something
//	Frames, First uint64       DATA frames that it brought, and those that it brought first
//	Filled, Lost uint64        those that another one had lost, and those that it lost
//	SkewP50, SkewP99           how much later than the first its copies came, half of them and
//	                           99 of 100
type FeedStats = receive.FeedStats

// Feeds returns the counters of a session's feeds; nil if it was heard by no more than one. It may
// be called after Close, and by a Handler.
func (s *Subscriber) Feeds(session SessionID) []FeedStats {
	s.loop.Lock()
	defer s.loop.Unlock()
	return s.receiver.Feeds(uint64(session))
}
