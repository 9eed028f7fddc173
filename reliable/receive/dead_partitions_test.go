package receive

import (
	"testing"
	"time"

	"crier/reliable/frame"
	"crier/reliable/rig"
)

// The partitions of a dead publisher are certified together: sixteen take no longer than one.
func TestDeadPartitions(t *testing.T) {
	took := func(partitions int) time.Duration {
		b := newBand(t, 5, Config{})
		each := func(do func(channel uint32)) {
			for c := range uint32(partitions) {
				do(c)
			}
			b.runs(2 * time.Millisecond)
		}
		each(func(c uint32) {
			b.tells(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Channel: c,
				Time: 1<<60 + uint64(b.now), Group: 5, RTT: 2 * b.hop}), b.all()...)
		})
		for seq := range uint64(10) {
			each(func(c uint32) {
				whom := b.all()
				if i := (int(seq) + int(c)) % 6; i < 5 { // one of them hears nothing of it
					whom = append(whom[:i], whom[i+1:]...)
				}
				if seq == 4 {
					whom = whom[:0] // nobody hears it
				}
				for _, i := range whom {
					b.post(-1, rig.PublisherAddr, i, channelData(t, 1, c, seq).Raw, 0)
				}
			})
		}
		silent := b.now.Add(2 * time.Second)
		b.settles(20*time.Second, func() bool {
			for _, s := range b.list {
				for _, st := range s.Sessions() {
					if st.Certificates == 0 || st.Inquest {
						return false
					}
				}
			}
			return true
		})
		for _, s := range b.list {
			for _, st := range s.Sessions() {
				if st.Delivered != 9 || st.Lost != 1 {
					t.Errorf("%d partitions: %+v", partitions, st)
				}
			}
		}
		return b.now.Sub(silent)
	}
	one, many := took(1), took(16)
	t.Logf("%v for one, %v for 16", one, many)
	if many > 2*one {
		t.Errorf("%v for one, %v for 16", one, many)
	}
}

// channelData returns a DATA frame of a channel, with one message of the frame's number.
func channelData(t testing.TB, session uint64, channel uint32, seq uint64) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, 300), session, channel, seq, seq, 1<<60)
	b.Add([]byte("x"))
	return rig.Decoded(t, b.Seal(false))
}
