package send

import (
	"testing"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A NACK for many frames is confirmed as a whole, in as many CONFIRMs as it takes: a
// subscriber that hears nothing of a frame for long gives it up.
func TestConfirmsNameAllThatWaits(t *testing.T) {
	s, err := New(Config{Session: 1, Repair: Repair{Floor: 8 * 1, Share: 1e-9}})
	if err != nil {
		t.Fatal(err)
	}
	const frames = 3000
	for range frames {
		if _, err := s.Stream(0).Publish(0, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
	}
	var dec frame.Decoder
	named := map[uint64]bool{}
	drain := func(now reliable.Time) (repaired, confirms int) {
		for {
			b, ok := s.Next(now)
			if !ok {
				return
			}
			for i := range b.Datagrams() {
				var f frame.Frame
				if err := dec.Decode(b.Datagram(i), &f); err != nil {
					t.Fatal(err)
				}
				switch f.Kind {
				case frame.Repair:
					repaired++
					named[rig.Decoded(t, f.Inner).Seq] = true
				case frame.Confirm:
					confirms++
					for _, r := range f.Ranges {
						for seq := r.From; seq < r.To; seq++ {
							named[seq] = true
						}
					}
				}
			}
			s.Sent(b)
		}
	}
	drain(0)
	f := frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: 7, Request: 1, Echo: 1, Held: 5}
	for i := range uint64(frames / 2) {
		f.Ranges = append(f.Ranges, nack.Range{From: 2 * i, To: 2*i + 1})
	}
	s.Handle(10, rig.SubscriberAddr, &f)
	repaired, confirms := drain(10)
	if repaired == 0 || len(named) != frames/2 || confirms < 2 {
		t.Errorf("of %d frames asked for, %d were repaired or confirmed, in %d CONFIRMs: %d in all",
			frames/2, repaired, confirms, len(named))
	}
	if st := s.Stats(); st.Confirms != uint64(confirms) || st.Unconfirmed != 0 {
		t.Errorf("%+v", st)
	}
}
