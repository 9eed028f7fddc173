package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/send"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A publisher that may repair next to nothing has thousands of frames waiting for a
// minute. Its subscribers neither give up what it holds, nor storm it with NACKs,
// nor it them with CONFIRMs.
func TestRepairsThatWaitRaiseNoStorm(t *testing.T) {
	for _, subs := range []int{1, 20} {
		w := world.New(world.Config{Seed: 3})
		c := checker.New(w)
		lost := map[reliable.Cause]uint64{}
		for range subs {
			story.AddSubscriber(t, w, world.SubscriberConfig{
				Down: link.Config{Delay: link.FixedDelay(time.Millisecond),
					Loss: link.Bernoulli{P: 0.05}},
				Up: link.Config{Delay: link.FixedDelay(time.Millisecond)},
				OnEvent: func(_ reliable.Time, ev *reliable.Event) {
					if ev.Kind == reliable.Loss {
						lost[ev.Cause] += ev.Lost.Len()
					}
				},
			})
		}
		pub := story.AddPublisher(t, w,
			world.PublisherConfig{Sender: send.Config{Repair: send.Repair{Floor: 8 * (64 << 10)}}})
		for i := range 5000 {
			w.At(100*story.Milli+reliable.Time(i)*10_000,
				func() { pub.Publish(make([]byte, 1300)) })
		}
		if err := w.Run(30_000 * story.Milli); err != nil {
			t.Fatal(err)
		}
		if err := c.Err(); err != nil {
			t.Error(err)
		}
		st := pub.Stats()
		t.Logf("%d subscribers: %d NACKs, %d CONFIRMs, %d repairs", subs, st.Nacks, st.Confirms,
			st.Repairs)
		if len(lost) > 0 {
			t.Errorf("%d subscribers: lost %v", subs, lost)
		}
		// One asks for a frame twice a second at the least, and what it asks for
		// falls into a few NACKs.
		if most := uint64(subs) * 30 * 20; st.Nacks > most || st.Confirms > most {
			t.Errorf("%d subscribers: %d NACKs and %d CONFIRMs in 30 s, at most %d each", subs,
				st.Nacks, st.Confirms, most)
		}
	}
}
