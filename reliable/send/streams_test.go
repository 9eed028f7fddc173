package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

// say publishes so many messages in a partition, a frame each, without sending them.
func (p *parted) say(channel uint32, n int) {
	p.Helper()
	for range n {
		if _, err := p.Stream(channel).Publish(p.now, make([]byte, 1300)); err != nil {
			p.Fatal(err)
		}
	}
}

// asks is a NACK of a subscriber.
func (p *parted) asks(from netip.AddrPort, id uint64, channel uint32, request, seq, to uint64) {
	p.Handle(p.now, from, &frame.Frame{Kind: frame.Nack, Session: 0xabc, Channel: channel,
		Subscriber: id, Request: request, Echo: p.clock.wire(p.now),
		Ranges: []nack.Range{{From: seq, To: to}}})
}

// What goes to a partition's group is repaired and confirmed there.
func TestRepairsGoToThePartitionsGroup(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 5, Groups: 3},
		Retention: Retention{ResendBuffer: 16 << 20}, Repair: Repair{Floor: 8, Share: 1e-9}})
	p.say(4, 1500)
	p.send()
	p.now = p.now.Add(time.Millisecond)
	p.asks(rig.SubscriberAddr, 1, 4, 1, 0, 1400)
	var kinds [32]int
	for _, f := range p.send() {
		if f.Kind != frame.Repair && f.Kind != frame.Confirm {
			continue
		}
		kinds[f.Kind]++
		if f.group != 2 || f.to.IsValid() || f.Channel != 4 {
			t.Fatalf("%v goes to %v, group %d", &f.Frame, f.to, f.group)
		}
	}
	if kinds[frame.Repair] == 0 || kinds[frame.Confirm] == 0 {
		t.Errorf("%d repairs and %d CONFIRMs", kinds[frame.Repair], kinds[frame.Confirm])
	}
}

// Partitions whose data waits take turns.
func TestPartitionsTakeTurns(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 3}})
	for channel := range uint32(3) {
		p.say(channel, 400)
	}
	var last, run, longest, frames = uint32(9), 0, 0, 0
	for _, f := range p.send() {
		if f.Kind != frame.Data {
			continue
		}
		if run++; f.Channel != last {
			last, run = f.Channel, 1
		}
		frames, longest = frames+1, max(longest, run)
	}
	if longest > reliable.MaxBatch/1300 || frames != 1200 {
		t.Errorf("%d frames, %d of one partition in a row", frames, longest)
	}
}

// What a rate limit allows goes to partitions in the order in which they began to wait for it, also
// to one that is asked for something, or published to, all the time.
func TestPartitionsShareTheRate(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 4},
		Flow: Flow{MaxRate: 8 * 1500 * 100}}) // 100 frames a second
	for channel := range uint32(3) {
		p.say(channel, 200)
	}
	var frames [3]int
	for i := range uint64(2000) {
		p.asks(rig.SubscriberAddr, 5, 0, i+1, 0, 1)
		if i%10 == 0 {
			p.say(1, 1)
		}
		for _, f := range p.run(time.Millisecond) {
			if f.Kind == frame.Data || f.Kind == frame.Repair {
				frames[f.Channel]++
			}
		}
	}
	for channel, n := range frames {
		if n < 45 || n > 65 {
			t.Errorf("partition %d has %d of %v frames", channel, n, frames)
		}
	}
}

// A closed session is over when each partition has told its end, and for the time to linger
// afterwards; who asks about one meanwhile isn't told that it has ended before all was sent.
func TestPartitionsEndOneByOne(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 2},
		Flow: Flow{MaxRate: 8 * 1500 * 20}}) // 20 frames a second
	p.say(1, 60)
	p.run(100 * time.Millisecond)
	p.Close(p.now)
	p.run(time.Second)
	p.all(rig.SubscriberAddr, 5, 1, 1, frame.WantSession)
	var words []frame.Kind
	ended := [2]reliable.Time{}
	for !p.Finished(p.now) && p.now < reliable.Time(time.Minute) {
		for _, f := range p.run(10 * time.Millisecond) {
			if f.to.IsValid() {
				words = append(words, f.Kind)
			} else if f.Kind == frame.Bye && ended[f.Channel] == 0 {
				ended[f.Channel] = p.now
			} else if f.Kind == frame.Session {
				t.Errorf("announced after the end: %v", &f.Frame)
			}
		}
	}
	if len(words) != 2 || words[0] != frame.Session || words[1] != frame.Heartbeat {
		t.Errorf("who asked before the end was told %v", words)
	}
	if ended[1] < reliable.Time(2500*time.Millisecond) || p.now < ended[1].Add(defaultLinger) ||
		p.now > ended[1].Add(defaultLinger+time.Second) {
		t.Errorf("it ended at %v, and partition 1 had at %v", p.now, ended[1])
	}
}

// A closed session waits for who lacks something in one partition, and has no room for it.
func TestClosedForOnePartition(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 2}})
	p.say(0, 10)
	p.say(1, 10)
	p.run(100 * time.Millisecond)
	p.Close(p.now)
	closed := p.now
	for range 20 { // it takes partition 0 alone
		p.run(200 * time.Millisecond)
		p.Handle(p.now, rig.SubscriberAddr, &frame.Frame{Kind: frame.Status, Session: 0xabc,
			Subscriber: 5, Position: 10, Echo: p.clock.wire(p.now),
			Positions: []frame.Progress{{Channel: 1, Position: 0}}})
	}
	if p.Finished(p.now) {
		t.Errorf("%v after the end it was over for who lacks partition 1", p.now.Sub(closed))
	}
}

// A subscriber that leaves with all of one partition, and not of another, keeps a publisher whose
// pace it counts for; with all of both it doesn't.
func TestAllLeftOfEachPartition(t *testing.T) {
	for _, has := range []uint64{3, 10} {
		p := newParted(t, Config{Layout: topic.Layout{Partitions: 2},
			Flow: Flow{Pace: reliable.Slowest()}})
		p.run(200 * time.Millisecond)
		p.all(rig.SubscriberAddr, 5, 0, 2, 0)
		p.say(0, 2)
		p.say(1, 10)
		p.run(100 * time.Millisecond)
		p.Close(p.now)
		p.run(10 * time.Millisecond)
		p.Handle(p.now, rig.SubscriberAddr, &frame.Frame{Kind: frame.Status, Session: 0xabc,
			Subscriber: 5, Position: 2, Flags: frame.Leaving, Echo: p.clock.wire(p.now),
			Positions: []frame.Progress{{Channel: 1, Position: has}}})
		if p.Finished(p.now) != (has == 10) {
			t.Errorf("with %d of 10 frames: finished %v", has, p.Finished(p.now))
		}
	}
}

// A subscriber counts once in what is said of all partitions, whatever it lacks or asks for in
// them; its row has the sums, and says that it is a recorder.
func TestOneOfManyPartitions(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 3},
		Flow: Flow{Pace: reliable.Slowest()}})
	p.run(200 * time.Millisecond)
	for channel := range uint32(3) {
		p.say(channel, 4)
	}
	p.run(10 * time.Millisecond)
	for i, channel := range []uint32{0, 2} {
		p.asks(rig.SubscriberAddr, 5, channel, uint64(1+i), 0, 2)
		p.run(10 * time.Millisecond)
	}
	p.Handle(p.now, rig.SubscriberAddr, &frame.Frame{Kind: frame.Status, Session: 0xabc,
		Channel: 0, Subscriber: 5, Recorder: true, Written: 1, Room: 1 << 20})
	p.Handle(p.now, rig.SubscriberAddr, &frame.Frame{Kind: frame.Status, Session: 0xabc,
		Channel: 1, Subscriber: 5, Room: 1 << 20, Positions: []frame.Progress{{Channel: 2}}})
	row := p.Members()[0]
	if row.Asked != 4 || row.Repaired != 4 || !row.Recorder || len(row.Partitions) != 3 {
		t.Errorf("%+v", row)
	}
	if st := p.Stats(); st.Members != 1 || st.Lacking != 1 {
		t.Errorf("%+v", st)
	}
	p.Stop(p.now)
	for i, channel := range []uint32{0, 2} {
		p.asks(rig.SubscriberAddr, 5, channel, uint64(10+i), 0, 2)
	}
	if st := p.Stats(); st.Asking != 1 {
		t.Errorf("after the end: %+v", st)
	}
}

// A subscriber that counts in one partition, and is behind in another, counts; when it leaves, what
// was kept for it is free in each.
func TestLeavesAllPartitions(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 3},
		Flow: Flow{Pace: reliable.Slowest()}, Retention: Retention{ResendBuffer: 3 * 20 * 1500}})
	p.run(200 * time.Millisecond)
	for range 60 {
		p.say(2, 1)
		p.send()
	}
	p.all(rig.SubscriberAddr, 5, 0, 3, 0)
	row := p.Members()[0]
	if row.State != reliable.Counted || row.Partitions[1].State != reliable.Counted ||
		row.Partitions[2].State != reliable.Behind {
		t.Errorf("%+v", row)
	}
	for {
		if _, err := p.Stream(1).Publish(p.now, make([]byte, 1300)); err == reliable.ErrFull {
			break
		}
		p.send()
	}
	freed := p.Stream(1).Freed()
	p.status(5, 0, 0, frame.Leaving)
	if p.Stream(1).Freed() == freed {
		t.Error("a publisher that waits isn't told of room in partition 1")
	}
	if p.say(1, 1); p.Stats().Members != 0 {
		t.Errorf("%+v", p.Stats())
	}
}

// A subscriber that asks by another feed is answered there, in all partitions, and is nobody else.
func TestSubscriberByTwoFeeds(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 2}})
	p.say(1, 4)
	p.run(time.Second)
	for i, feed := range []int{0, 1, 0, 1} {
		p.run(100 * time.Millisecond)
		at := []netip.AddrPort{rig.SubscriberAddr, rig.Elsewhere[0]}[feed]
		p.Handle(p.now, at, &frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5, Feed: feed,
			Echo: p.clock.wire(p.now), Positions: []frame.Progress{{Channel: 1}}})
		if row := p.Members()[0]; row.Addr != at {
			t.Errorf("%d. by feed %d it is at %v", i, feed, row.Addr)
		}
		for channel, st := range p.streams {
			if got := st.audience.rows[0].Addr; got != at {
				t.Errorf("%d. in partition %d it is at %v", i, channel, got)
			}
		}
	}
	if st := p.Stats(); st.Members != 1 || st.Foreign != 0 || st.Moved != 0 || st.Contested != 0 {
		t.Errorf("%+v", st)
	}
}

// A NACK by one feed that crosses the repair of one by another is answered by that repair; and a
// repair that is lost is asked for again, by either feed, and comes again.
func TestNacksByTwoFeedsCross(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 2}})
	p.say(1, 4)
	p.run(time.Second)
	p.send()
	request := uint64(0)
	asks := func(feed int, sent reliable.Time) (repairs int) {
		request++
		at := []netip.AddrPort{rig.SubscriberAddr, rig.Elsewhere[0]}[feed]
		p.Handle(p.now, at, &frame.Frame{Kind: frame.Nack, Session: 0xabc, Channel: 1, Subscriber: 5,
			Feed: feed, Request: request, Echo: p.clock.wire(sent),
			Ranges: []nack.Range{{From: 0, To: 1}}})
		for _, f := range p.send() {
			if f.Kind == frame.Repair {
				if repairs++; f.to != at {
					t.Errorf("request %d is repaired to %v, not to %v", request, f.to, at)
				}
			}
		}
		return repairs
	}
	for feed := range 2 {
		p.run(time.Second)
		before := p.now
		p.run(10 * time.Millisecond)
		first := asks(feed, before)
		p.run(3 * time.Millisecond)
		crossed := asks(1-feed, before+1)
		p.run(50 * time.Millisecond)
		again := asks(1-feed, p.now-1)
		if first != 1 || crossed != 0 || again != 1 {
			t.Errorf("first by feed %d: %d repairs, then %d and %d", feed, first, crossed, again)
		}
	}
}

// After the network was away, each partition is announced again, with its HEARTBEAT.
func TestAnnouncedAgain(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 6}})
	p.run(5 * time.Second)
	p.Announce(p.now)
	var kinds [32]int
	for _, f := range p.send() {
		kinds[f.Kind]++
	}
	if kinds[frame.Session] != 6 || kinds[frame.Heartbeat] != 6 {
		t.Errorf("%d SESSIONs and %d HEARTBEATs", kinds[frame.Session], kinds[frame.Heartbeat])
	}
}

// Who asks for a lower partition while the HEARTBEAT of another is due has both, SESSION and
// HEARTBEAT of each.
func TestWelcomeToMore(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 8}})
	p.run(time.Second)
	p.all(rig.SubscriberAddr, 5, 6, 1, frame.WantSession)
	b, _ := p.Next(p.now)
	list := []sentFrame{{Frame: *rig.Decoded(t, b.Datagram(0))}}
	p.Sent(b)
	p.all(rig.SubscriberAddr, 5, 2, 1, frame.WantSession)
	list = append(list, p.send()...)
	for i, want := range []frame.Frame{{Kind: frame.Session, Channel: 6},
		{Kind: frame.Heartbeat, Channel: 6}, {Kind: frame.Session, Channel: 2},
		{Kind: frame.Heartbeat, Channel: 2}} {
		if i >= len(list) || list[i].Kind != want.Kind || list[i].Channel != want.Channel {
			t.Fatalf("%d. of %d frames isn't %v of %d", i, len(list), want.Kind, want.Channel)
		}
	}
}

// A FIND for all partitions is answered for each, by what is true of it.
func TestFindInAllPartitions(t *testing.T) {
	const partitions = 256
	cfg := Config{Topic: "orders", Layout: topic.Layout{Partitions: partitions, Groups: 4}}
	for channel := range uint32(partitions) {
		cfg.Prev = append(cfg.Prev, reliable.Link{Session: 0xaaa, Channel: channel,
			Offset: uint64(1000 + channel)})
	}
	p := newParted(t, cfg)
	p.run(time.Second)
	p.Handle(p.now, rig.SubscriberAddr, rig.Made(t, frame.Frame{Kind: frame.Find,
		Channel: frame.EveryChannel, Subscriber: 7, Request: 3,
		Find: &frame.FindBody{What: frame.FindOldest}}))
	answered := map[uint32]bool{}
	for _, f := range p.send() {
		if f.Kind != frame.Digest {
			continue
		}
		answered[f.Channel] = true
		if d := f.Digest; d.FirstOffset != 1000+uint64(f.Channel) || d.Channels != partitions ||
			d.Groups != 4 || string(d.Topic) != "orders" {
			t.Fatalf("channel %d: %+v", f.Channel, d)
		}
	}
	if len(answered) != partitions {
		t.Errorf("%d partitions of %d are answered for", len(answered), partitions)
	}
}

// A SESSION tells of each partition where it begins, and of a topic with one its base.
func TestSessionsTellTheLayout(t *testing.T) {
	base := netip.MustParseAddrPort("239.192.7.1:7000")
	for _, c := range []struct {
		topic  string
		layout topic.Layout
		groups uint32
	}{
		{"", topic.Layout{}, 0}, {"orders", topic.Layout{}, 1},
		{"orders", topic.Layout{Base: base}, 1}, {"", topic.Layout{Partitions: 2, Base: base}, 2},
	} {
		p := newParted(t, Config{Topic: c.topic, Layout: c.layout})
		f := p.send()[0]
		if f.Kind != frame.Session || f.Groups != c.groups || f.Groups > 0 && f.Base != c.layout.Base {
			t.Errorf("%+v: %v", c, &f.Frame)
		}
	}
	p := newParted(t, Config{Topic: "orders", Layout: topic.Layout{Partitions: 2},
		Prev: []reliable.Link{{Session: 1, Offset: 100}, {Session: 1, Channel: 1, Offset: 7}}})
	for _, f := range p.send() {
		if f.Kind == frame.Session && f.FirstOffset != []uint64{100, 7}[f.Channel] {
			t.Errorf("%v", &f.Frame)
		}
	}
}

// Partitions share the disk of the resend buffer, and keep so many events each.
func TestPartitionsShare(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 4}, Flow: Flow{Pace: reliable.Slowest()},
		Retention: Retention{ResendBuffer: 4 * 100 * 1500, Disk: 4 * 100 * 1500}})
	p.run(200 * time.Millisecond)
	p.status(5, 1, 0, 0) // and it takes nothing
	tape, frames := rig.Tape{ByNeed: true}, 0
	for ; ; frames++ {
		if _, err := p.Stream(1).Publish(p.now, make([]byte, 1300)); err != nil {
			break
		}
		p.send()
		for st, job, ok := p.NextJob(); ok; st, job, ok = p.NextJob() {
			st.DiskDone(p.now, tape.Do(job))
		}
	}
	if frames < 110 || frames > 220 {
		t.Errorf("a partition keeps %d frames in memory and on disk", frames)
	}
	for id := range uint64(300) {
		for channel := range uint32(4) {
			p.Handle(p.now, netip.AddrPortFrom(rig.SubscriberAddr.Addr(), uint16(id+1)),
				&frame.Frame{Kind: frame.Status, Session: 0xabc, Channel: channel,
					Subscriber: 10 + id, Room: 1 << 20})
		}
	}
	events, n := make([]reliable.MemberEvent, 2000), 0
	if n = p.PollMembers(events); n != 4*maxMemberEvents {
		t.Errorf("%d events", n)
	}
}
