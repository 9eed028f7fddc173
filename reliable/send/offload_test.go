package send

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// card makes the pair's sender send through a network card that damages batches of
// equally long datagrams, unless they are sent one by one.
func card(p *pair) {
	p.damages = func(b reliable.Batch) bool {
		return !b.Single && len(b.Data) == b.Datagrams()*b.Segment && b.Datagrams() > 1
	}
}

// burst publishes n messages that fill frames, all of which are ready together, and a
// small one.
func (p *pair) burst(n int) {
	p.t.Helper()
	for i := range n {
		message := fmt.Appendf(nil, "%01345d", i)[:1340]
		if _, err := p.st.Publish(p.now, message); err != nil {
			p.t.Fatal(err)
		}
		p.sent = append(p.sent, message)
	}
	p.publish([]byte("small"))
}

// A card that damages what it cuts is found out within a second, and nothing is lost.
// From then on all is sent one by one.
func TestAnOffloadThatLiesIsFoundOut(t *testing.T) {
	p := newPair(t, Config{Cut: true, Seed: 1}, receive.Config{})
	card(p)
	p.run(reliable.Time(10 * time.Millisecond))
	var found reliable.Time
	for n := 1; p.now < reliable.Time(2*time.Second); n++ {
		p.burst(20)
		p.run(p.now.Add(5 * time.Millisecond))
		if p.s.OffloadOff() && found == 0 {
			found = p.now
		}
	}
	if found == 0 || found > reliable.Time(time.Second) {
		t.Errorf("it was found out at %v", time.Duration(found))
	}
	damaged := p.damaged
	p.burst(100)
	p.run(p.now.Add(time.Second))
	if p.damaged != damaged {
		t.Errorf("%d batches were damaged after that", p.damaged-damaged)
	}
	p.wantAll()
	if st := p.s.Stats(); !st.OffloadOff || st.Trials == 0 {
		t.Errorf("%+v", st)
	}
}

// wantAll checks that all that was published was delivered.
func (p *pair) wantAll() {
	p.t.Helper()
	var got [][]byte
	for _, ev := range p.events {
		if ev.Kind == reliable.Message {
			got = append(got, ev.Payload)
		}
		if ev.Kind == reliable.Loss {
			p.t.Errorf("lost: %+v", ev.Lost)
		}
	}
	if len(got) != len(p.sent) {
		p.t.Fatalf("%d of %d messages were delivered", len(got), len(p.sent))
	}
	for i := range got {
		if !bytes.Equal(got[i], p.sent[i]) {
			p.t.Fatalf("message %d differs", i)
		}
	}
}

// Where one message in a while is a batch, and each is damaged, each is repaired at once.
func TestAnOffloadThatLiesAtALowRate(t *testing.T) {
	p := newPair(t, Config{Cut: true, Seed: 1}, receive.Config{})
	card(p)
	p.run(reliable.Time(10 * time.Millisecond))
	for range 60 {
		p.burst(9)
		p.run(p.now.Add(time.Second))
		p.wantAll()
	}
	if !p.s.OffloadOff() {
		t.Error("it was not found out")
	}
	if p.damaged != trialSize/2 {
		t.Errorf("%d batches were damaged: repairs among them, or more than a trial has", p.damaged)
	}
}

// One that joins later, over a way on which cut batches are damaged, shows it.
func TestAnOffloadThatLiesToOneThatJoinsLate(t *testing.T) {
	p := newPair(t, Config{Cut: true, Seed: 1}, receive.Config{})
	p.run(reliable.Time(10 * time.Millisecond))
	for range 100 {
		p.burst(20)
		p.run(p.now.Add(5 * time.Millisecond))
	}
	p.run(p.now.Add(5 * time.Second))
	card(p)
	began := p.now
	for range 200 {
		p.burst(20)
		p.run(p.now.Add(5 * time.Millisecond))
	}
	if !p.s.OffloadOff() {
		t.Errorf("it was not found out in %v", p.now.Sub(began))
	}
	p.run(p.now.Add(time.Second))
	p.wantAll()
}

// Losses that have nothing to do with it leave the offload on: single frames, whole
// batches now and then, and nearly everything.
func TestLossLeavesTheOffloadOn(t *testing.T) {
	for _, percent := range []uint64{1, 20, 90} {
		p := newPair(t, Config{Cut: true, Seed: 1}, receive.Config{})
		random := nack.NewRand(percent, 1)
		p.damages = func(b reliable.Batch) bool {
			return b.Datagrams() > 1 && random.Below(100) < percent
		}
		p.drop = func(bool, *frame.Frame) bool { return random.Below(100) < 1 }
		p.run(reliable.Time(10 * time.Millisecond))
		for range 1000 {
			p.burst(20)
			p.run(p.now.Add(5 * time.Millisecond))
		}
		if p.s.OffloadOff() {
			t.Errorf("%d%%: the offload is off", percent)
		}
		if st := p.s.Stats(); st.Trials < 2 {
			t.Errorf("%d%%: %d trials", percent, st.Trials)
		}
	}
}

// A stranger doesn't know which batches were cut: neither asking for all, nor guessing,
// turns the offload off.
func TestAStrangerDoesntTurnTheOffloadOff(t *testing.T) {
	random := nack.NewRand(7, 7)
	for _, guess := range []string{"all", "half", "every second"} {
		p := newPair(t, Config{Cut: true, Seed: 1}, receive.Config{})
		p.run(reliable.Time(10 * time.Millisecond))
		for n := range 2000 {
			from := p.st.store.Next()
			p.burst(20)
			p.run(p.now.Add(5 * time.Millisecond))
			if guess == "all" || guess == "half" && random.Below(2) == 0 ||
				guess == "every second" && n%2 == 0 {
				p.s.Handle(p.now, rig.PublisherAddr, rig.Made(t, frame.Frame{
					Kind: frame.Nack, Session: 0xabc, Subscriber: uint64(100 + n), Request: 1,
					Ranges: []nack.Range{{From: from, To: p.st.store.Sent()}},
				}))
			}
		}
		if st := p.s.Stats(); st.OffloadOff || st.Trials < 3 {
			t.Errorf("a subscriber that asks for %s: off %v, after %d trials", guess,
				st.OffloadOff, st.Trials)
		}
	}
}

// Where the kernel is known to damage batches of equally long datagrams, full ones end
// with a shorter one.
func TestUnevenBatches(t *testing.T) {
	p := newPair(t, Config{Uneven: true}, receive.Config{})
	var even, uneven int
	p.damages = func(b reliable.Batch) bool {
		if b.Datagrams() > 1 && b.Datagrams() < int(p.st.store.Most())/2 {
			return false // the first, and what is left
		}
		if len(b.Data) == b.Datagrams()*b.Segment && b.Datagrams() > 1 {
			even++
		} else if b.Datagrams() > 1 {
			uneven++
		}
		return false
	}
	p.burst(1000)
	message := make([]byte, 4<<20)
	p.publish(message)
	p.run(reliable.Time(time.Second))
	p.wantAll()
	if even > 2 || uneven < 80 { // the socket sends those one by one
		t.Errorf("%d batches were of equal datagrams, %d were not", even, uneven)
	}
}

// A repair that goes out a second time isn't cut, whatever is known of cutting.
func TestASecondRepairIsSentSingly(t *testing.T) {
	p := newPair(t, Config{}, receive.Config{}) // which makes no trials
	card(p)
	p.run(reliable.Time(10 * time.Millisecond))
	p.burst(20)
	p.run(p.now.Add(200 * time.Millisecond))
	p.wantAll()
	if p.damaged < 2 || p.damaged > 4 {
		t.Errorf("%d batches were damaged", p.damaged)
	}
}
