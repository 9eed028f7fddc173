// Package stage is the base of the demonstrations: the feed up to its producer's death, and
// processes on the loopback interface.
package stage

import (
	"bytes"
	"time"

	"crier/cmd/crier/feed"
)

// Message is a message of the feed with its due time.
type Message struct {
	At      time.Duration
	Payload []byte
}

// Script is the feed up to the producer's death, in the middle of a burst.
type Script struct {
	Seed     uint64
	Messages []Message
	Burst    int // the number of messages in the last burst
	Into     int // of these, those that are due before the end
}

// runs is the time before the burst in which the producer is killed.
const runs = 2 * time.Second

// NewScript makes up a feed.
func NewScript(seed uint64) *Script {
	p := &Script{Seed: seed}
	m := feed.NewMarket(feed.MarketOptions{Seed: seed})
	for {
		rec, err := m.Next()
		if err != nil {
			return p // the generator has no end
		}
		p.Messages = append(p.Messages, Message{rec.At, append([]byte(nil), rec.Payload...)})
		if phase, i, of := m.Burst(); rec.At >= runs && phase == feed.Storm && i >= of/2 {
			p.Burst, p.Into = of, i
			return p
		}
	}
}

// End returns the time of the producer's death.
func (p *Script) End() time.Duration { return p.Messages[len(p.Messages)-1].At }

// Is reports whether the feed has a message at an offset. It accepts any beyond the script:
// the producer may have gone a little further before it died.
func (p *Script) Is(offset uint64, payload []byte) bool {
	return offset >= uint64(len(p.Messages)) || bytes.Equal(p.Messages[offset].Payload, payload)
}
