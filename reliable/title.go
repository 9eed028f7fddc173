package reliable

import (
	"net/netip"

	"crier/reliable/frame"
	"crier/reliable/topic"
)

// Title is what a publisher says of a stream of its session: whose it is, and where it begins. A
// stream that goes on across restarts is named by topic, publisher and partition. Titles compare
// with ==.
type Title struct {
	// Topic is the stream's topic, or empty.
	Topic string
	// Layout is the topic's: its partitions and groups. It is zero where there is one partition
	// on one group.
	Layout topic.Layout
	// Publisher is the publisher's name.
	Publisher string
	// Key is the full id of the session's key, up to 32 bytes; it is empty today.
	Key string
	// Wall is the publisher's wall clock when the session began, in Unix nanoseconds.
	Wall int64
	// FirstSeq and FirstOffset are the session's first frame and message in the stream's partition.
	FirstSeq, FirstOffset uint64
	// Prev is the session that this one continues, if it continues one.
	Prev Link
	// Replay is the recorded session that this one publishes again, or 0.
	Replay SessionID
}

// Link names the session that another one continues. The zero Link is none.
type Link struct {
	Session               SessionID
	Channel               uint32
	Topic, Publisher, Key string
	// Seq and Offset are the end of the session, as it was known to the one that continues
	// it: its last frame and its last message are those before.
	Seq, Offset uint64
}

// Wire returns the link as frames have it, or nil for the zero Link.
func (l *Link) Wire() *frame.Link {
	if *l == (Link{}) {
		return nil
	}
	return &frame.Link{
		Session: uint64(l.Session), Channel: l.Channel, Seq: l.Seq, Offset: l.Offset,
		Topic: []byte(l.Topic), Publisher: []byte(l.Publisher), Key: []byte(l.Key),
	}
}

// LinkOf returns a copy of a frame's link, or the zero Link for nil.
func LinkOf(l *frame.Link) Link {
	if l == nil {
		return Link{}
	}
	return Link{
		Session: SessionID(l.Session), Channel: l.Channel, Seq: l.Seq, Offset: l.Offset,
		Topic: string(l.Topic), Publisher: string(l.Publisher), Key: string(l.Key),
	}
}

// TitleOf returns a copy of what a SESSION or a DIGEST says of the session.
func TitleOf(f *frame.Frame) *Title {
	t := &Title{Publisher: string(f.Name)}
	if d := f.Digest; d != nil {
		t.Layout = layoutOf(d.Channels, d.Groups, d.Base)
		t.Topic, t.Key, t.Wall = string(d.Topic), string(d.Key), d.Wall
		t.FirstSeq, t.FirstOffset = d.FirstSeq, d.FirstOffset
		t.Prev, t.Replay = LinkOf(d.Prev), SessionID(d.Replay)
		return t
	}
	t.Layout = layoutOf(f.Channels, f.Groups, f.Base)
	t.Topic, t.Key, t.Wall = string(f.Topic), string(f.Key), f.Wall
	t.FirstSeq, t.FirstOffset = f.FirstSeq, f.FirstOffset
	t.Prev, t.Replay = LinkOf(f.Prev), SessionID(f.Replay)
	return t
}

// layoutOf returns the layout that a frame tells of, or the zero Layout.
func layoutOf(channels, groups uint32, base netip.AddrPort) topic.Layout {
	if groups == 0 {
		return topic.Layout{}
	}
	return topic.Layout{Partitions: int(channels), Groups: int(groups), Base: base}
}
