package record

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

var otherAddr = netip.MustParseAddrPort("10.2.0.99:7702")

// written begins a recorder on a log with sessions 1 and 2, of so many channels each. In channel c
// of session s are s+c/2 frames of one message.
func written(t *testing.T, channels ...int) *deck {
	d := newDeck(t, Config{}, journal.Config{})
	for i, n := range channels {
		session := uint64(i + 1)
		wall := epoch.UnixNano() + int64(session)
		for c := range n {
			key := journal.Key{Session: session, Channel: uint32(c)}
			title := &reliable.Title{Publisher: "news", Topic: "sports", Wall: wall}
			next := session + uint64(c)/2
			rec := journal.Record{Frames: nack.Range{From: 0, To: next}, EndOffset: next}
			var job journal.Job
			for seq := range next {
				raw := data(t, session, seq, 10).Raw
				rec.Data = append(rec.Data, raw...)
				rec.Sizes = append(rec.Sizes, int32(len(raw)))
			}
			job.Key, job.Title, job.Records = key, title, []journal.Record{rec}
			if res := d.log.Do(&job, wall); res.Err != nil {
				t.Fatal(res.Err)
			}
		}
	}
	d.open()
	return d
}

// asksAll gives it a FIND for every channel.
func (d *deck) asksAll(session uint64, what frame.What) {
	d.from(subscriberAddr, rig.Made(d.t, frame.Frame{Kind: frame.Find, Session: session,
		Channel: frame.EveryChannel, Subscriber: 9, Request: 7, Name: []byte("news"),
		Find: &frame.FindBody{What: what, Topic: []byte("sports")}}))
}

// Who asks for every channel is told of each, the newest session's first, and no faster than the
// rate of answers allows. Others are answered in between.
func TestFindsEveryChannel(t *testing.T) {
	d := written(t, 3, 256)
	d.pass(time.Millisecond)
	d.sent = nil
	d.asksAll(0, frame.FindEnd)
	d.find(otherAddr, 1, frame.FindEnd, 0, "")
	ended := make(map[journal.Key]uint64)
	var first, last reliable.Time
	others, bytes := 0, 0
	for step := 0; step < 3000 && len(ended) < 259; step++ {
		d.pass(time.Millisecond)
		for _, l := range d.kinds(frame.Digest) {
			switch l.to {
			case subscriberAddr:
				key := journal.Key{Session: l.Session, Channel: l.Channel}
				if key.Session == 1 && len(ended) < 256 {
					t.Fatalf("%v comes after %d others", key, len(ended))
				}
				if len(ended) == 0 {
					first = d.now
				}
				ended[key], last = l.Digest.AtOffset, d.now
				bytes += len(l.Raw)
			case otherAddr:
				if others++; len(ended) > 100 {
					t.Errorf("another one is answered after %d", len(ended))
				}
			}
		}
	}
	for key, at := range ended {
		if want := key.Session + uint64(key.Channel)/2; at != want {
			t.Errorf("%v ends at %d, want %d", key, at, want)
		}
	}
	if len(ended) != 259 || others != 1 {
		t.Errorf("%d streams, and %d answers for another", len(ended), others)
	}
	if most := answerBurst + int(last.Sub(first).Seconds()*answerRate) + 2000; bytes > most {
		t.Errorf("%d bytes within %v, want %d at most", bytes, last.Sub(first), most)
	}
	d.pass(time.Second)
	d.sent = nil
	d.asksAll(1, frame.FindOldest)
	if list := d.digests(subscriberAddr); len(list) != 3 {
		t.Errorf("%d streams of session 1", len(list))
	}
}

// However many channels there are, the group hears of all of them, and not more often.
func TestAnnouncesOfManyChannels(t *testing.T) {
	d := written(t, 3, 256)
	told := make(map[journal.Key]int)
	for range 25 {
		d.pass(time.Second)
		list := d.kinds(frame.Digest)
		if len(list) > int(time.Second/announceGap)+1 {
			t.Fatalf("%d words in a second", len(list))
		}
		for _, l := range list {
			told[journal.Key{Session: l.Session, Channel: l.Channel}]++
		}
	}
	for key, n := range told {
		if n > 2 {
			t.Errorf("%v is told %d times", key, n)
		}
	}
	if len(told) != 259 {
		t.Errorf("%d streams are told of", len(told))
	}
}
