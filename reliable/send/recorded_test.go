package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// logs is a STATUS of a recorder.
func (p *paced) logs(id, written, synced uint64) {
	p.Handle(p.now, rig.PublisherAddr, &frame.Frame{Kind: frame.Status, Session: 0xabc,
		Subscriber: id, Position: written, Recorder: true, Written: written, Synced: synced})
}

// A message is recorded once all of its frames are, and of several recorders the best count.
func TestRecordersHoldWholeMessages(t *testing.T) {
	p := newPaced(t, Config{})
	for _, size := range []int{100, 5000, 100} { // the second spans frames 1 to 4
		if _, err := p.Publish(p.now, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		p.step(time.Millisecond)
	}
	last := p.store.Next()
	for offset, want := range []uint64{1, last - 1, last} {
		if got := p.End(uint64(offset)); got != want {
			t.Errorf("the message %d ends before frame %d, want %d", offset, got, want)
		}
	}
	if there, holding := p.Holding(1, false); there != 0 || holding != 0 {
		t.Errorf("without a recorder: %d, %d", there, holding)
	}
	p.logs(9, last-1, 1)
	for _, c := range []struct {
		offset  uint64
		synced  bool
		holding int
	}{{0, false, 1}, {0, true, 1}, {1, false, 1}, {1, true, 0}, {2, false, 0}} {
		if there, holding := p.Holding(p.End(c.offset), c.synced); there != 1 ||
			holding != c.holding {
			t.Errorf("message %d, synced %v: %d of %d recorders hold it", c.offset, c.synced,
				holding, there)
		}
	}
	p.logs(9, 1<<40, 1<<40) // more than there is
	if row := p.Sender.Members()[1]; !row.Recorder || row.Written != 3 || row.Synced != 3 {
		t.Errorf("the recorder's row is %+v", row)
	}
}

// While somebody waits, recorders are asked to report each frame, and at once.
func TestWaitingForRecordersAsksThemToReport(t *testing.T) {
	p := newPaced(t, Config{Flow: Flow{Pace: reliable.Slowest()}})
	report := func() uint64 {
		t.Helper()
		for _, f := range p.hears() {
			if f.Kind == frame.Heartbeat {
				return f.Report
			}
		}
		t.Fatal("no heartbeat goes out")
		return 0
	}
	p.step(50 * time.Millisecond)
	p.AwaitRecorders(p.now, true)
	p.AwaitRecorders(p.now, true)
	if every := report(); every != 1 {
		t.Errorf("recorders are asked to report each %d frames", every)
	}
	p.AwaitRecorders(p.now, false)
	p.AwaitRecorders(p.now, false)
	p.now = p.now.Add(time.Second)
	if every := report(); every <= 1 {
		t.Errorf("and then each %d", every)
	}
}

// Whoever sends a STATUS can say that it is a recorder whose log has all. Where recorders are
// named by their addresses, it counts for none; nor can it ever lower what another one holds.
func TestAStrangersLog(t *testing.T) {
	for _, named := range []bool{false, true} {
		cfg := Config{}
		if named {
			cfg.Recorders = []netip.Addr{rig.PublisherAddr.Addr()}
		}
		p := newPaced(t, cfg)
		if _, err := p.Publish(p.now, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		p.step(time.Millisecond)
		next := p.store.Next()
		p.Handle(p.now, rig.Elsewhere[0], &frame.Frame{Kind: frame.Status, Session: 0xabc,
			Subscriber: 666, Position: next, Recorder: true, Written: next, Synced: next})
		want := 1
		if named {
			want = 0
		}
		if there, holding := p.Holding(next, true); there != want || holding != want {
			t.Errorf("named %v: %d of %d hold it", named, holding, there)
		}
		p.logs(9, next, next)
		p.Handle(p.now, rig.Elsewhere[0], &frame.Frame{Kind: frame.Status, Session: 0xabc,
			Subscriber: 9, Position: 0, Recorder: true}) // in its name
		if there, holding := p.Holding(next, true); there != want+1 || holding != want+1 {
			t.Errorf("named %v: %d of %d hold it", named, holding, there)
		}
	}
}
