package publisher_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/reliable/frame"
	"crier/testnet/rig"
)

// Once its interface is up again, or has another address, an idle publisher announces
// itself at once, and repeatedly soon after. Subscribers that wait to hear of it give up in
// time.
func TestPublisherAnnouncesItselfAfterRelink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(rig.All)
		n.Keep = true
		network := &rig.Relinked{Network: n}
		p, err := publisher.New(publisher.Config{
			Link: publisher.Link{Network: network}, Logger: rig.Quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		beats := func() (heartbeats, sessions int) {
			var d frame.Decoder
			var f frame.Frame
			for _, b := range n.Sent() {
				if err := d.Decode(b, &f); err != nil {
					t.Fatal(err)
				}
				switch f.Kind {
				case frame.Heartbeat:
					heartbeats++
				case frame.Session:
					sessions++
				}
			}
			return heartbeats, sessions
		}
		time.Sleep(10*time.Second + 100*time.Millisecond) // the next one would be due in 300 ms
		before, announced := beats()
		network.Changed(multicast.Link{})
		if synctest.Wait(); len(n.Sent()) != before+announced {
			t.Error("it sent frames while its interface was down")
		}
		network.Changed(multicast.Link{Up: true, MTU: 1500})
		time.Sleep(100 * time.Millisecond)
		after, again := beats()
		if after -= before; after < 5 || again != announced+1 {
			t.Errorf("within 100 ms there were %d more heartbeats and %d more announcements",
				after, again-announced)
		}
	})
}
