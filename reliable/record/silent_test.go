package record

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// A recorder that still lacks something calls no publisher alive that it no longer hears: else
// that couldn't be started again until the recorder has caught up.
func TestARecorderBehindCallsNoSilentPublisherAlive(t *testing.T) {
	d := newDeck(t, Config{NoInquest: true}, journal.Config{})
	group := netip.AddrPort{}
	d.hears(title(t, 1, "news"))
	d.plays(1, 0, 10, 100)
	d.plays(1, 20, 30, 100)
	other := netip.MustParseAddrPort("10.77.3.1:7300")
	for i := range 8 { // the other has what is missing, and takes its time
		seq := uint64(10 + i)
		d.from(other, rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1, Responder: 5,
			Flags: frame.Final, NextSeq: 30, NextOffset: 30, Digest: &frame.DigestBody{
				Role: frame.Recorder, Version: uint64(1 + i), Position: 30, To: 30}}))
		d.from(other, rig.Decoded(t, new(frame.Encoder).AppendRepair(nil, 1, 0, 5, 1,
			data(t, 1, seq, 100).Raw)))
		d.pass(time.Second)
	}
	s := d.Sessions()[0]
	list := d.digests(group)
	f := list[len(list)-1]
	if !s.Live {
		t.Fatal("the recorder isn't behind")
	}
	if f.Flags&frame.Live != 0 {
		t.Errorf("%v, of a publisher that was last heard %v ago", f, f.Digest.Heard)
	}
}
