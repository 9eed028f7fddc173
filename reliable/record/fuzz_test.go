package record

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// FuzzRecorder gives a Recorder whatever a hostile sender may make up, with a disk that fails now
// and then: it comes to rest, its memory stays bounded, and its log holds together.
func FuzzRecorder(f *testing.F) {
	for _, seed := range [...]uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 185} {
		rand := nack.NewRand(seed, 1)
		data := make([]byte, 3000)
		for i := range data {
			data[i] = byte(rand.Below(256))
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { torture(t, data) })
}

func torture(t *testing.T, data []byte) {
	g := &rig.Forger{Data: data, Session: 1, Near: 100}
	d := newDeck(t, Config{Tail: 2 << 20}, journal.Config{
		Segment: 4 << 10, Keep: journal.Keep{Bytes: 64 << 10},
		Fsync: journal.Fsync{Mode: journal.FsyncMode(g.Byte() % 3)},
	})
	from := [...]netip.AddrPort{rig.PublisherAddr, rig.SubscriberAddr, rig.Elsewhere[0]}
	next := uint64(100)
	for len(g.Data) > 0 {
		var fr *frame.Frame
		switch b := g.Byte(); b % 16 {
		case 0, 1, 2, 3, 4: // a publisher that goes on, and leaves some out
			next += uint64(b/16) / 5
			fr = dataOf(t, next, int(b))
			next++
		case 5:
			fr = beat(t, 1, next-min(next, uint64(b)), next)
		case 6:
			fr = rig.Made(t, frame.Frame{Kind: frame.Find, Session: g.ID(), Subscriber: g.ID(),
				Request: g.Number(), Name: g.Name(), Find: &frame.FindBody{
					What: frame.What(g.Byte() % 8), Value: g.Number()}})
		case 7:
			fr = rig.Made(t, frame.Frame{Kind: frame.Nack, Session: 1, Subscriber: g.ID(),
				Request: g.Number(), Ranges: g.Ranges()})
		case 8:
			d.disk.FailSyncs(int64(b / 64))
		case 9:
			d.disk.FailWrites(int64(b / 64))
		case 10:
			d.disk.Capacity = int64(b) << 10
		case 11:
			d.pass(time.Duration(b) * time.Millisecond)
		case 12:
			d.held = !d.held
		case 13:
			if b > 200 {
				d.disk.FailSyncs(0)
				d.disk.FailWrites(0)
				d.disk.Capacity = 0
				d.disk.Kill()
				d.held = false
				d.open()
			}
		case 14: // survivors, once the publisher is gone
			if b > 200 {
				d.pass(time.Duration(b) * 10 * time.Millisecond)
			}
			oldest := next - min(next, uint64(g.Byte()))
			end := next + uint64(g.Byte())
			fr = rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1,
				Flags: frame.Flags(g.Byte()) & 0xf0, Responder: uint64(1 + g.Byte()%3),
				Time: uint64(d.now), OldestSeq: oldest, OldestOffset: oldest, NextSeq: end,
				NextOffset: end, Ranges: within(g.Ranges(), oldest, end),
				Digest: &frame.DigestBody{Role: frame.Role(2 + b/16%2), Version: g.Number(),
					Position: oldest + uint64(b)%(end-oldest+1), From: oldest, To: end,
					Proposal: uint64(b / 128), Heard: 3 * time.Second}})
		default:
			fr = g.Next()
		}
		if fr == nil {
			continue
		}
		raw := append([]byte(nil), fr.Raw...)
		var again frame.Frame
		var dec frame.Decoder
		if dec.Decode(raw, &again) == nil {
			d.Handle(d.now, from[len(g.Data)%3*len(g.Data)%3], &again)
			clear(raw)
			d.settle()
		}
		if st := d.Stats(); st.Memory > 3<<20 {
			t.Fatalf("%d bytes of memory", st.Memory)
		}
	}
	d.held = false
	d.disk.FailSyncs(0)
	d.disk.FailWrites(0)
	d.disk.Capacity = 0
	d.pass(5 * time.Second)
	d.Close(d.now)
	d.pass(5 * time.Second)
	if !d.Left() {
		t.Error("it doesn't leave")
	}
	for _, s := range d.Sessions() {
		if s.Written.Seq != s.Next.Seq {
			t.Errorf("%+v: the log ends elsewhere", s)
		}
		span := nack.Range{From: s.Oldest.Seq, To: s.Next.Seq}
		for reads := 0; span.Len() > 0 && reads < 32; reads++ { // holes may be without measure
			res := d.log.Do(&journal.Job{Key: s.Key, Read: span}, d.wall())
			if res.Err != nil || res.Read.Len() == 0 {
				t.Fatalf("%v of %+v: %+v", span, s, res)
			}
			for i, sealed := range res.Frames {
				seq := res.Read.From + uint64(i)
				named := false
				for _, h := range res.Holes {
					named = named || h.Frames.Contains(seq)
				}
				if (sealed == nil) != named {
					t.Fatalf("frame %d: %d bytes, in a hole %v", seq, len(sealed), named)
				}
			}
			span.From = res.Read.To
		}
	}
}

// within cuts ranges to [from, to).
func within(ranges []nack.Range, from, to uint64) (kept []nack.Range) {
	for _, r := range ranges {
		if r = r.Clip(from, to); r.Len() > 0 {
			kept = append(kept, r)
		}
	}
	return kept
}

// dataOf is a frame of session 1.
func dataOf(t testing.TB, seq uint64, size int) *frame.Frame { return data(t, 1, seq, size) }
