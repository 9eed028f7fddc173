package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

// all is a STATUS of a subscriber that names the channels from one on.
func (p *parted) all(from netip.AddrPort, id uint64, first, n int, flags frame.Flags) {
	f := &frame.Frame{Kind: frame.Status, Session: 0xabc, Channel: uint32(first), Subscriber: id,
		Flags: flags, Room: 1 << 20}
	for channel := first + 1; channel < first+n; channel++ {
		f.Positions = append(f.Positions, frame.Progress{Channel: uint32(channel)})
	}
	p.Handle(p.now, from, f)
}

// welcomed returns the number and the bytes of the datagrams to single subscribers.
func (p *parted) welcomed() (datagrams, bytes int) {
	for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
		if b.To.IsValid() {
			datagrams, bytes = datagrams+b.Datagrams(), bytes+len(b.Data)
		}
		p.Sent(b)
	}
	return datagrams, bytes
}

// A STATUS draws SESSION and HEARTBEAT of 16 channels, and many of them no more than a budget.
func TestWelcomesAreBounded(t *testing.T) {
	p := newParted(t, Config{Topic: "orders", Layout: topic.Layout{Partitions: 256}})
	p.run(2 * time.Second)
	p.all(rig.SubscriberAddr, 1, 0, 256, frame.WantSession)
	if n, bytes := p.welcomed(); n != 32 || bytes > 8<<10 {
		t.Errorf("one STATUS draws %d datagrams of %d bytes", n, bytes)
	}
	// Asked for 16 by 16, all come at once.
	n := 0
	for first := 0; first < 256; first += 16 {
		p.all(rig.SubscriberAddr, 1, first, 16, frame.WantSession)
		more, _ := p.welcomed()
		n += more
	}
	if n != 512 {
		t.Errorf("a late joiner gets %d of 512 datagrams", n)
	}
	all := 0
	for range 4096 {
		p.all(rig.SubscriberAddr, 2, 0, 16, frame.WantSession)
		_, bytes := p.welcomed()
		all += bytes
	}
	if all > welcomeBurst/2 {
		t.Errorf("4096 STATUS draw %d bytes", all)
	}
	if p.Stats().Unanswered == 0 {
		t.Error("what is refused isn't counted")
	}
}

// Subscribers that one address makes up leave room for one of another.
func TestProgressesAreFair(t *testing.T) {
	const channels, subscribers = 8, 16
	p := newParted(t, Config{Layout: topic.Layout{Partitions: channels}, MaxMembers: subscribers})
	p.members.most = 40 // of 128
	p.run(time.Second)
	for id := range uint64(10) {
		p.all(rig.SubscriberAddr, 100+id, 0, channels, 0)
	}
	if p.members.progresses != 40 || p.Stats().MembersFull == 0 {
		t.Fatalf("%d progresses", p.members.progresses)
	}
	named := func(id uint64) (n int) {
		for _, row := range p.Members() {
			if row.ID == id {
				n = len(row.Partitions)
			}
		}
		return n
	}
	for id, addr := range []string{"10.9.0.1:5", "10.9.0.2:5", "10.9.0.3:5"} {
		p.all(netip.MustParseAddrPort(addr), uint64(id), 0, channels, 0)
		if n := named(uint64(id)); n != channels {
			t.Errorf("subscriber %d has %d of %d rows", id, n, channels)
		}
	}
	// The others keep theirs, whatever the address goes on to make up.
	for id := range uint64(3) {
		p.now = p.now.Add(10 * time.Millisecond)
		p.all(rig.SubscriberAddr, 200+id, 0, channels, 0)
	}
	for id := range uint64(3) {
		if n := named(id); n != channels {
			t.Errorf("subscriber %d has %d of %d rows left", id, n, channels)
		}
	}
	n := 0
	for _, st := range p.streams {
		n += len(st.audience.rows)
	}
	if n != p.members.progresses || n > 40 {
		t.Errorf("%d rows, %d counted", n, p.members.progresses)
	}
	p.run(time.Minute) // all are silent
	if len(p.members.hosts) != 0 || p.members.progresses != 0 {
		t.Errorf("%d hosts and %d progresses remain", len(p.members.hosts), p.members.progresses)
	}
}

// Subscribers that one address makes up take no row from another address: whoever is new there has
// one, and keeps it.
func TestRowsAreFair(t *testing.T) {
	const rows = 64
	p := newParted(t, Config{MaxMembers: rows, Flow: Flow{Pace: reliable.Slowest()}})
	p.run(time.Second)
	id := uint64(1000)
	flood := func() {
		for range 200 {
			id++
			p.all(rig.SubscriberAddr, id, 0, 1, 0)
		}
		p.now = p.now.Add(2 * fullTime)
	}
	flood()
	const others = 10
	for i := range byte(others) {
		p.all(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, 0, i}), 5), uint64(i), 0, 1, 0)
		flood()
	}
	n := 0
	for _, row := range p.Members() {
		if row.ID < others {
			n++
		}
	}
	if st := p.Stats(); n != others || st.Members != rows || st.MembersFull == 0 {
		t.Errorf("%d of %d have a row: %+v", n, others, st)
	}
	if len(p.members.hosts) != others+1 || len(p.members.byID) != rows {
		t.Errorf("%d hosts, %d ids", len(p.members.hosts), len(p.members.byID))
	}
	// Ever other addresses don't: a row for each is what they have.
	for i := range byte(200) {
		p.all(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 8, 0, i}), 5), 500+uint64(i), 0, 1, 0)
	}
	p.all(netip.MustParseAddrPort("10.7.0.1:5"), 900, 0, 1, 0)
	for _, row := range p.Members() {
		if row.ID == 900 {
			t.Error("one that keeps a single row makes room")
		}
	}
}
