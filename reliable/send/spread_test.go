package send

import (
	"slices"
	"testing"
	"time"

	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

// full returns the frames that go while a driver has data gather.
func (p *parted) full() (kinds []frame.Kind, channels []uint32) {
	for b, ok := p.NextFull(p.now); ok; b, ok = p.NextFull(p.now) {
		f := rig.Decoded(p.T, b.Datagram(0))
		kinds, channels = append(kinds, f.Kind), append(channels, f.Channel)
		p.Sent(b)
	}
	return kinds, channels
}

// The frames of all partitions together may be worth a batch, though none has one.
func TestSpread(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 4}})
	p.run(time.Second)
	most := p.streams[0].store.Most()
	payload := make([]byte, 1200) // a frame for each, of which the last is open
	want := func(streams int, worth bool) {
		t.Helper()
		if n, is := p.Spread(); n != streams || is != worth || p.FullBatch() {
			t.Errorf("spread over %d, worth a batch: %v; full: %v", n, is, p.FullBatch())
		}
	}
	want(0, false)
	frames := uint64(0)
	for i := uint32(0); frames < most; i++ {
		want(min(4, int(i)), false)
		st := p.Stream(i % 4)
		was := st.store.Next()
		if _, err := st.Publish(p.now, payload); err != nil {
			t.Fatal(err)
		}
		frames += st.store.Next() - was
	}
	want(4, true)
	p.full()
	want(4, true)
	p.send()
	want(0, false)
}

// While data gathers, the heartbeat that is due after the last waits for it: it would tell of less.
// It doesn't wait for long.
func TestHeartbeatsWaitForWhatGathers(t *testing.T) {
	p := newParted(t, Config{Layout: topic.Layout{Partitions: 2}})
	p.run(time.Second)
	for channel := range uint32(2) {
		if _, err := p.Stream(channel).Publish(p.now, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	p.send()
	p.now = p.now.Add(heartbeatFirst)
	for range 2 { // one whole frame, and one that is open
		if _, err := p.Stream(1).Publish(p.now, make([]byte, 1200)); err != nil {
			t.Fatal(err)
		}
	}
	kinds, channels := p.full()
	if !slices.Equal(kinds, []frame.Kind{frame.Heartbeat}) || channels[0] != 0 {
		t.Errorf("%v of channels %v", kinds, channels)
	}
	p.now = p.now.Add(200 * time.Millisecond)
	if kinds, channels = p.full(); !slices.Contains(channels, 1) {
		t.Errorf("%v of channels %v, much later", kinds, channels)
	}
	for _, f := range p.send() {
		if f.Kind == frame.Data && f.Channel == 1 {
			return
		}
	}
	t.Error("the data was not sent")
}
