package record

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

var otherAddr = netip.MustParseAddrPort("10.2.0.99:7702")

// written begins a recorder on a log with sessions 1 and 2, of so many channels each. In channel c
// of session s are s+c/2 frames of one message.
func written(t *testing.T, channels ...int) *deck {
	d := newDeck(t, Config{}, journal.Config{})
	for i, n := range channels {
		session := uint64(i + 1)
		wall := epoch.UnixNano() + int64(session)
		for c := range n {
			key := journal.Key{Session: session, Channel: uint32(c)}
			title := &reliable.Title{Publisher: "news", Topic: "sports", Wall: wall}
			next := session + uint64(c)/2
			rec := journal.Record{Frames: nack.Range{From: 0, To: next}, EndOffset: next}
			var job journal.Job
			for seq := range next {
				raw := data(t, session, seq, 10).Raw
				rec.Data = append(rec.Data, raw...)
				rec.Sizes = append(rec.Sizes, int32(len(raw)))
			}
			job.Key, job.Title, job.Records = key, title, []journal.Record{rec}
			if res := d.log.Do(&job, wall); res.Err != nil {
				t.Fatal(res.Err)
			}
		}
	}
	d.open()
	return d
}

// asksAll gives it a FIND for every channel.
func (d *deck) asksAll(session uint64, what frame.What) {
	d.from(subscriberAddr, rig.Made(d.t, frame.Frame{Kind: frame.Find, Session: session,
		Channel: frame.EveryChannel, Subscriber: 9, Request: 7, Name: []byte("news"),
		Find: &frame.FindBody{What: what, Topic: []byte("sports")}}))
}

// Who asks for every channel is told of each, the newest session's first, and no faster than the
// rate of answers allows. Others are answered in between.
func TestFindsEveryChannel(t *testing.T) {
	d := written(t, 3, 256)
	d.pass(time.Millisecond)
	d.sent = nil
	d.asksAll(0, frame.FindEnd)
	d.find(otherAddr, 1, frame.FindEnd, 0, "")
	ended := make(map[journal.Key]uint64)
	var first, last reliable.Time
	others, bytes := 0, 0
	for step := 0; step < 3000 && len(ended) < 259; step++ {
		d.pass(time.Millisecond)
		for _, l := range d.kinds(frame.Digest) {
			switch l.to {
			case subscriberAddr:
				key := journal.Key{Session: l.Session, Channel: l.Channel}
				if key.Session == 1 && len(ended) < 256 {
					t.Fatalf("%v comes after %d others", key, len(ended))
				}
				if len(ended) == 0 {
					first = d.now
				}
				ended[key], last = l.Digest.AtOffset, d.now
				bytes += len(l.Raw)
			case otherAddr:
				if others++; len(ended) > 100 {
					t.Errorf("another one is answered after %d", len(ended))
				}
			}
		}
	}
	for key, at := range ended {
		if want := key.Session + uint64(key.Channel)/2; at != want {
			t.Errorf("%v ends at %d, want %d", key, at, want)
		}
	}
	if len(ended) != 259 || others != 1 {
		t.Errorf("%d streams, and %d answers for another", len(ended), others)
	}
	if most := answerBurst + int(last.Sub(first).Seconds()*answerRate) + 2000; bytes > most {
		t.Errorf("%d bytes within %v, want %d at most", bytes, last.Sub(first), most)
	}
	d.pass(time.Second)
	d.sent = nil
	d.asksAll(1, frame.FindOldest)
	if list := d.digests(subscriberAddr); len(list) != 3 {
		t.Errorf("%d streams of session 1", len(list))
	}
}

// However many channels there are, the group hears of all of them, and not more often.
func TestAnnouncesOfManyChannels(t *testing.T) {
	d := written(t, 3, 256)
	told := make(map[journal.Key]int)
	for range 25 {
		d.pass(time.Second)
		list := d.kinds(frame.Digest)
		if len(list) > int(time.Second/announceGap)+1 {
			t.Fatalf("%d words in a second", len(list))
		}
		for _, l := range list {
			told[journal.Key{Session: l.Session, Channel: l.Channel}]++
		}
	}
	for key, n := range told {
		if n > 2 {
			t.Errorf("%v is told %d times", key, n)
		}
	}
	if len(told) != 259 {
		t.Errorf("%d streams are told of", len(told))
	}
}

// heardOf gives it a SESSION of channel c of a session with four, on two groups.
func (d *deck) heardOf(session uint64, c uint32) {
	f := rig.Made(d.t, frame.Frame{Kind: frame.Session, Session: session, Channel: c, Time: 1,
		Name: []byte("news"), Topic: []byte("sports"), Wall: epoch.UnixNano(), Channels: 4, Groups: 2})
	d.by(0, f)
}

// by gives it a frame of the publisher's by a group.
func (d *deck) by(group int, f *frame.Frame) {
	f.GroupIndex = group
	d.Handle(d.now, rig.PublisherAddr, f)
	d.settle()
}

// partOf is a frame with one message of a channel.
func partOf(t testing.TB, session uint64, c uint32, seq uint64) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, 2000), session, c, seq, seq, seq*1000)
	b.Add(rig.Payload(int(seq), 100))
	return rig.Decoded(t, b.Seal(false))
}

// A topic's partitions are a tape each. What is said of them goes to the home group, and repairs
// go to the group of the data while that is heard.
func TestRecordsPartitions(t *testing.T) {
	topics := []receive.Topic{{Name: "sports", Partitions: []uint32{0, 1, 3}}}
	layout := topic.Layout{Partitions: 4, Groups: 2}
	home := topic.Home("sports", netip.AddrPort{})
	d := newDeck(t, Config{Topics: topics}, journal.Config{})
	if _, groups := d.Memberships(); len(groups) != 1 || groups[0] != home {
		t.Fatalf("it joins %v at first", groups)
	}
	for c := range uint32(4) {
		d.heardOf(1, c)
	}
	_, groups := d.Memberships()
	if len(groups) != 3 || groups[1] != layout.Group("sports", 0) ||
		groups[2] != layout.Group("sports", 1) {
		t.Fatalf("it joins %v", groups)
	}
	for c := range uint32(4) {
		beat := rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Channel: c, Time: 2,
			Interval: 100 * time.Millisecond})
		d.by(1+int(c%2), beat)
	}
	for seq := range uint64(20) {
		for c := range uint32(4) {
			d.by(1+int(c%2), partOf(t, 1, c, seq))
		}
	}
	d.pass(time.Second)
	for _, l := range d.kinds(frame.Digest) {
		if l.to != home || l.Digest.Channels != 4 || l.Digest.Groups != 2 {
			t.Errorf("channel %d is told of to %v: %+v", l.Channel, l.to, l.Digest)
		}
	}
	list := d.Sessions()
	if len(list) != 3 {
		t.Fatalf("%d tapes", len(list))
	}
	for _, s := range list {
		c := s.Key.Channel
		if c == 2 || s.Written.Offset != 20 || s.Title == nil || s.Title.Topic != "sports" ||
			s.Title.Layout != layout || s.Group != layout.Group("sports", c) {
			t.Errorf("%+v", s)
		}
	}
	// Two ask, so that the group is repaired.
	ask := func(c uint32) (to []netip.AddrPort) {
		d.sent = nil
		for id, from := range []netip.AddrPort{subscriberAddr, otherAddr} {
			d.from(from, rig.Made(t, frame.Frame{Kind: frame.Nack, Session: 1, Channel: c,
				Subscriber: 50 + uint64(id), Request: 5, Ranges: []nack.Range{{From: 3, To: 6}}}))
		}
		d.pass(50 * time.Millisecond)
		for _, l := range d.kinds(frame.Repair) {
			if l.Channel == c {
				to = append(to, l.to)
			}
		}
		return to
	}
	for _, c := range []uint32{0, 3} {
		to := ask(c)
		if len(to) != 3 || to[0] != layout.Group("sports", c) {
			t.Errorf("repairs of channel %d go to %v", c, to)
		}
	}
	if to := ask(2); to != nil {
		t.Errorf("a channel that isn't recorded is repaired at %v", to)
	}
	// Started again, it has the layout from the log, and nobody hears the publisher.
	d.Close(d.now)
	d.pass(time.Second)
	d.open()
	d.pass(time.Second)
	for _, l := range d.kinds(frame.Digest) {
		if l.to != home || l.Digest.Channels != 4 {
			t.Errorf("channel %d is told of to %v: %+v", l.Channel, l.to, l.Digest)
		}
	}
	to := ask(3)
	for _, one := range to {
		if one != subscriberAddr && one != otherAddr && one != home {
			t.Errorf("a repair of what is over goes to %v", one)
		}
	}
	if len(to) < 3 {
		t.Errorf("%d repairs of what is over", len(to))
	}
}
