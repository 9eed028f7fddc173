package send

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

// parted is a Sender of several partitions, driven in virtual time.
type parted struct {
	*testing.T
	*Sender
	now reliable.Time
}

func newParted(t *testing.T, cfg Config) *parted {
	t.Helper()
	cfg.Session = 0xabc
	if cfg.Retention.ResendBuffer == 0 {
		cfg.Retention.ResendBuffer = 4 << 20
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &parted{T: t, Sender: s}
}

// One frame that was sent, and where to.
type sentFrame struct {
	frame.Frame
	to    netip.AddrPort
	group int
}

// send returns all frames that are due now.
func (p *parted) send() (list []sentFrame) {
	for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
		for i := range b.Datagrams() {
			list = append(list, sentFrame{*rig.Decoded(p.T, b.Datagram(i)), b.To, b.Group})
		}
		p.Sent(b)
	}
	return list
}

// run lets time pass, and returns the frames that were sent.
func (p *parted) run(d time.Duration) (list []sentFrame) {
	for end := p.now.Add(d); ; {
		list = append(list, p.send()...)
		at := p.Sender.Deadline(p.now)
		if at > end {
			p.now = end
			return list
		}
		p.now = max(p.now, at)
		p.Advance(p.now)
	}
}

func (p *parted) status(id uint64, channel uint32, position uint64, flags frame.Flags) {
	p.Handle(p.now, rig.SubscriberAddr, &frame.Frame{Kind: frame.Status, Session: 0xabc,
		Channel: channel, Subscriber: id, Position: position, Flags: flags, Room: 1 << 20})
}

// All partitions are announced on the home group, all at once at the start, and then in turn;
// the rest of a partition goes to its data group.
func TestPartitionsAndGroups(t *testing.T) {
	p := newParted(t, Config{Topic: "orders", Layout: topic.Layout{Partitions: 4, Groups: 2}})
	for channel := range uint32(4) {
		if _, err := p.Stream(channel).Publish(0, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	list := p.run(4 * 400 * time.Millisecond)
	sessions, data, beats := [4]int{}, [4]int{}, [4]int{}
	for i, f := range list {
		group := 1 + int(f.Channel%2)
		switch f.Kind {
		case frame.Session:
			if group = 0; sessions[f.Channel] == 0 && i >= 4 || f.Channels != 4 ||
				f.Groups != 2 || f.Base.IsValid() || string(f.Topic) != "orders" {
				t.Errorf("frame %d is %v", i, &f.Frame)
			}
			sessions[f.Channel]++
		case frame.Data:
			data[f.Channel]++
		case frame.Heartbeat:
			beats[f.Channel]++
		}
		if f.group != group || f.to.IsValid() {
			t.Errorf("%v goes to %v, group %d", &f.Frame, f.to, f.group)
		}
	}
	if sessions != [4]int{2, 2, 2, 2} || data != [4]int{1, 1, 1, 1} {
		t.Errorf("SESSION %v, DATA %v", sessions, data)
	}
	for channel, n := range beats {
		if n < 10 || n > 14 {
			t.Errorf("%d heartbeats of channel %d", n, channel)
		}
	}
}

// A subscriber counts in the channels that it names, and there only.
func TestPlacesByChannel(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 3},
		Flow: Flow{Pace: reliable.Slowest()}})
	p.run(200 * time.Millisecond)
	p.status(5, 0, 0, 0)
	p.status(5, 2, 0, frame.WantSession)
	p.status(6, 2, 0, 0)
	var kinds []frame.Kind
	for _, f := range p.send() {
		if f.to.IsValid() {
			kinds = append(kinds, f.Kind)
			if f.Channel != 2 {
				t.Errorf("%v", &f.Frame)
			}
		}
	}
	if len(kinds) != 2 || kinds[0] != frame.Session || kinds[1] != frame.Heartbeat {
		t.Errorf("the subscriber is welcomed by %v", kinds)
	}
	groups := [3]uint32{}
	for _, f := range p.run(time.Second) {
		if f.Kind == frame.Heartbeat {
			groups[f.Channel] = f.Group
		}
	}
	if groups != [3]uint32{1, 0, 2} {
		t.Errorf("the groups are of sizes %v", groups)
	}
	for channel := range uint32(3) {
		if _, err := p.Stream(channel).Publish(p.now, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	p.send()
	if p.Stream(0).Taken(1) || !p.Stream(1).Taken(1) || p.Stream(2).Taken(1) {
		t.Error("who hasn't taken a message counts where it was not named")
	}
	p.Handle(p.now, rig.SubscriberAddr, &frame.Frame{Kind: frame.Status, Session: 0xabc,
		Subscriber: 5, Position: 1, Room: 1 << 20, Positions: []frame.Progress{
			{Channel: 9, Position: 8}, {Channel: 2, Position: 1}}})
	if st := p.Stats(); !p.Stream(0).Taken(1) || p.Stream(2).Taken(1) || st.Members != 2 ||
		st.Counted != 2 || st.Lacking != 1 {
		t.Errorf("one position counts for another channel: %+v", st)
	}
	p.status(6, 2, 1, frame.Leaving)
	p.status(5, 0, 1, frame.Leaving)
	if st := p.Stats(); st.Members != 0 || st.Lacking != 0 || len(p.Departed()) != 2 {
		t.Errorf("after both left: %+v", st)
	}
	if rows := p.Departed(); len(rows[0].Partitions) != 1 || len(rows[1].Partitions) != 2 {
		t.Errorf("departed: %+v", rows)
	}
}

// At rest, 16 partitions send at most 60 datagrams a second together, and each is announced.
func TestIdlePartitions(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 16}})
	p.run(2 * time.Second)
	const seconds = 20
	sessions := [16]int{}
	list := p.run(seconds * time.Second)
	for _, f := range list {
		if f.Kind == frame.Session {
			sessions[f.Channel]++
		}
	}
	if n := len(list); n > 60*seconds || n < 35*seconds {
		t.Errorf("%d datagrams in %d s", n, seconds)
	}
	for channel, n := range sessions {
		if n < 3 || n > 4 {
			t.Errorf("channel %d is announced %d times in %d s", channel, n, seconds)
		}
	}
}

// The row of a subscriber sums up what it lacks of all partitions that it has named.
func TestRowOverPartitions(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 3},
		Flow: Flow{Pace: reliable.Slowest()}})
	p.run(200 * time.Millisecond)
	p.status(5, 2, 0, 0)
	p.status(5, 0, 0, 0)
	for range 3 {
		for _, channel := range []uint32{0, 1, 2, 2} {
			if _, err := p.Stream(channel).Publish(p.now, []byte("x")); err != nil {
				t.Fatal(err)
			}
			p.send()
		}
	}
	p.status(5, 0, 3, 0) // all of partition 0, and nothing of partition 2
	rows := p.Members()
	if len(rows) != 1 || len(rows[0].Partitions) != 2 {
		t.Fatalf("the subscriber's rows are %+v", rows)
	}
	row := rows[0]
	if zero, two := row.Partitions[0], row.Partitions[1]; zero.Partition != 0 || zero.Lag != 0 ||
		zero.Lacks || two.Partition != 2 || two.Lag != 6 || !two.Lacks {
		t.Errorf("by partition: %+v", row.Partitions)
	}
	if row.Lag != 6 || !row.Lacks {
		t.Errorf("in all it is %d behind, lacks %v", row.Lag, row.Lacks)
	}
}

// The jobs of the disk are for the partitions in turn, whatever the first of them has to write.
func TestJobsTakeTurns(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 3}, Flow: Flow{Pace: reliable.Slowest()},
		Retention: Retention{ResendBuffer: 3 << 20, Disk: 12 << 20}})
	p.run(200 * time.Millisecond)
	for _, channel := range []uint32{0, 2} {
		p.status(5, channel, 0, 0) // and it takes nothing
		for range 700 {
			if _, err := p.Stream(channel).Publish(p.now, make([]byte, 1300)); err != nil {
				t.Fatal(err)
			}
			p.send()
		}
	}
	tapes := [3]rig.Tape{{ByNeed: true}, {ByNeed: true}, {ByNeed: true}}
	var order []uint32
	for st, job, ok := p.NextJob(); ok && len(order) < 4; st, job, ok = p.NextJob() {
		order = append(order, st.channel)
		st.DiskDone(p.now, tapes[st.channel].Do(job))
	}
	if !slices.Equal(order, []uint32{0, 2, 0, 2}) {
		t.Errorf("the jobs are for the partitions %v", order)
	}
}
