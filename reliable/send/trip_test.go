package send

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// One subscriber that is far away, or overloaded, doesn't make the group's round trip
// longer than four times the median, however small the group is.
func TestGroupRoundTrip(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		trips []time.Duration
		want  time.Duration
	}{
		{nil, 0},
		{[]time.Duration{500 * ms}, 500 * ms},
		{[]time.Duration{ms, 3 * ms}, 3 * ms},
		{[]time.Duration{ms, 500 * ms}, 4 * ms},
		{[]time.Duration{500 * ms, ms}, 4 * ms},
		{[]time.Duration{500 * ms, ms, 2 * ms}, 8 * ms},
		{[]time.Duration{500 * ms, ms, 400 * ms, 2 * ms}, 8 * ms},
		{[]time.Duration{5 * ms, ms, 4 * ms, 2 * ms, 3 * ms}, 5 * ms},
	} {
		table := newMembers(10)
		for i, trip := range c.trips {
			m := &member{}
			m.id = uint64(i)
			m.rtt.Sample(trip)
			table.rows = append(table.rows, m)
		}
		table.settle(0)
		if table.rtt != c.want {
			t.Errorf("%v: the group's round trip is %v, want %v", c.trips, table.rtt, c.want)
		}
	}
}

// An answer that a suspended publisher finds when it wakes tells how long it was
// suspended, and not how far its subscriber is: whatever it does first.
func TestSuspendedPublisherMeasuresNoRoundTrip(t *testing.T) {
	p := newPaced(t, Config{})
	trip := func() time.Duration { return p.Sender.Members()[0].RTT }
	answer := func(sent reliable.Time) {
		p.Handle(p.now, rig.SubscriberAddr,
			&frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5,
				Echo: p.clock.wire(sent)})
	}
	sent := p.now
	p.Sender.Deadline(p.now)
	p.now = p.now.Add(7 * time.Second)
	p.Sender.Deadline(p.now) // as after a Publish while another goroutine was sending
	answer(sent)
	if trip() != 0 {
		t.Errorf("a round trip of %v was measured", trip())
	}
	sent = p.now
	p.step(time.Millisecond)
	answer(sent)
	if trip() != time.Millisecond {
		t.Errorf("the round trip is %v, want 1 ms", trip())
	}
}
