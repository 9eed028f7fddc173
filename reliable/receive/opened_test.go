package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A session of a topic is opened by any SESSION of it: by one of a partition that isn't wanted,
// by one feed of several, or by a stranger's.

// secondFeed is where the publisher is by its second feed, and elsewhere is a stranger.
var (
	secondFeed = netip.AddrPortFrom(netip.AddrFrom4([4]byte{11, 1, 0, 1}), 5000)
	elsewhere  = netip.MustParseAddrPort("10.66.0.6:666")
)

// dataOf is DATA of a partition of session 1, with one message, that comes by a feed.
func dataOf(t *testing.T, channel uint32, seq uint64, feed int) *frame.Frame {
	t.Helper()
	var b frame.Builder
	b.Open(make([]byte, 0, 300), 1, channel, seq, seq, 1<<60)
	b.Add([]byte("a message"))
	f := rig.Decoded(t, b.Seal(false))
	f.Feed = feed
	return f
}

// opened returns a listener to two partitions of a topic, by two feeds, that has heard the SESSION
// of another partition, by the first feed from an address.
func opened(t *testing.T, from netip.AddrPort) *listener {
	l := newListener(t, Config{Feeds: 2, Joined: 5e9,
		Topics: []Topic{{Name: "orders", Partitions: []uint32{1, 2}}}})
	f := sessionOf(t, 1, 0, "orders", layout(4, 2))
	f.Controls = []netip.AddrPort{from, secondFeed}
	l.Handle(l.now, from, f)
	l.poll()
	if len(l.told) != 0 || len(l.table.list) != 1 {
		t.Fatalf("told %+v of %d sessions", l.told, len(l.table.list))
	}
	return l
}

// begins fails unless a partition begins with a message, and nothing else was told.
func (l *listener) begins(channel uint32, offset uint64) {
	l.t.Helper()
	if len(l.told) != 2 || l.told[0].Kind != reliable.SessionNew || l.told[1].Offset != offset ||
		l.told[1].Kind != reliable.Message || l.told[1].Partition != channel {
		l.t.Errorf("told %+v; %+v", l.told, l.Stats())
	}
}

// The first data takes the session from whoever spoke for it before, in any partition that is
// wanted, and the groups that were joined for it stay joined.
func TestDataTakesTheSessionOfAPartition(t *testing.T) {
	for _, channel := range []uint32{1, 2} {
		l := opened(t, elsewhere)
		before, _ := l.Memberships()
		l.hears(dataOf(t, 3, 5, 0)) // it isn't wanted, and takes nothing
		if l.table.list[0].source != elsewhere {
			t.Error("what isn't wanted has taken the session")
		}
		l.hears(dataOf(t, channel, 5, 0))
		l.begins(channel, 5)
		if after, _ := l.Memberships(); after != before {
			t.Errorf("memberships changed %d times", after-before)
		}
		if s := l.table.list[0]; s.source != rig.PublisherAddr || s.layout != layout(4, 2) {
			t.Errorf("it is of %v, with %+v", s.source, s.layout)
		}
		l.Handle(l.now, elsewhere, dataOf(t, channel, 6, 0))
		l.hears(dataOf(t, 3-channel, 9, 0))
		if n := len(l.told); n != 4 || l.told[3].Offset != 9 {
			t.Errorf("then %+v is told", l.told[2:])
		}
	}
}

// The SESSION of a partition that isn't wanted tells of the publisher's feeds: what comes by each
// counts from then on.
func TestUnwantedPartitionTellsOfFeeds(t *testing.T) {
	for _, channel := range []uint32{1, 2} {
		l := opened(t, rig.PublisherAddr)
		l.Handle(l.now, secondFeed, dataOf(t, channel, 5, 1))
		l.poll()
		l.begins(channel, 5)
	}
}

// An answer counts by a feed that has brought nothing else, if the publisher named it there.
func TestAnswerByAFeedThatBroughtNothing(t *testing.T) {
	for from, want := range map[netip.AddrPort]int{secondFeed: 4, elsewhere: 2} {
		l := opened(t, rig.PublisherAddr)
		l.hears(dataOf(t, 1, 0, 0))
		l.hears(dataOf(t, 1, 2, 0))
		enc := frame.Encoder{}
		inner := dataOf(t, 1, 1, 0)
		f := rig.Decoded(t, enc.AppendRepair(nil, 1, 1, 1, 1<<32|1, inner.Raw))
		f.Feed = 1
		l.Handle(l.now, from, f)
		if l.poll(); len(l.told) != want {
			t.Errorf("by a REPAIR from %v: %+v", from, l.told)
		}
	}
}

// Where BYE is the first that is heard of a partition, nothing of it counts, and nothing is told:
// that is the same for the partition with which the session is opened, and for others.
func TestByeIsTheFirstOfAPartition(t *testing.T) {
	l := opened(t, rig.PublisherAddr)
	for _, channel := range []uint32{1, 2, 1} {
		l.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1, Channel: channel,
			Time: 1<<60 + 1, NextSeq: 3, NextOffset: 3}))
	}
	if len(l.told) != 0 || l.Stats().Unexpected != 2 {
		t.Errorf("told %+v; %+v", l.told, l.Stats())
	}
}

// A CONFIRM of a partition of which nothing was heard tells that the publisher lives.
func TestAnswerToOthersIsNoSilence(t *testing.T) {
	for channel := range 3 { // partition 0 isn't wanted
		l := opened(t, rig.PublisherAddr)
		l.hears(dataOf(t, 1, 5, 0))
		l.told = l.told[1:]
		l.pass(1500*time.Millisecond, false)
		l.hears(rig.Made(t, frame.Frame{Kind: frame.Confirm, Session: 1, Channel: uint32(channel),
			Responder: 1, Time: 1<<60 + 1, Ranges: []nack.Range{{From: 1, To: 2}}}))
		l.pass(time.Second, false)
		if silent := len(l.told) == 2; silent != (channel == 0) {
			t.Errorf("partition %d: told %+v", channel, l.told)
		}
	}
}
