package testnet

import (
	"encoding/binary"
	"errors"
	"time"

	"crier/reliable"
	"crier/testnet/random"
	"crier/testnet/world"
)

// feed is what one publisher publishes.
type feed struct {
	s    *scenario
	pub  *world.Publisher
	r    random.Generator
	left int
	// pause is the mean pause between bursts.
	pause time.Duration
	// burst is the greatest number of messages at once.
	burst  uint64
	size   func() int
	buffer []byte
	count  uint64
}

// sizes returns how large messages are, in bytes.
func (s *scenario) sizes(stride int, left *int) (string, func() int) {
	room := uint64(stride)
	pick := func(from, to uint64) func(r *random.Generator) int {
		return func(r *random.Generator) int { return int(from + r.Below(to-from+1)) }
	}
	var profile func(r *random.Generator) int
	name := ""
	switch s.r.Below(7) {
	case 0:
		name, profile = "of 0 B", pick(0, 0)
	case 1, 2:
		name, profile = "of 8 to 200 B", pick(8, 200)
	case 3:
		name, profile = "as large as a frame", pick(room-120, room+20)
	case 4:
		name, profile = "of several frames", pick(room, 8*room)
		*left = min(*left, 1+*left/5)
	case 5:
		name, profile = "over 100 KiB, some", func(r *random.Generator) int {
			if r.Below(50) == 0 {
				return int(100<<10 + r.Below(100<<10))
			}
			return int(r.Below(2000))
		}
		*left = min(*left, 300)
	default:
		name, profile = "of all sizes",
			func(r *random.Generator) int { return int(r.Below(uint64(1) << (1 + r.Below(13)))) }
		*left = min(*left, 1+*left/2)
	}
	r := random.New(s.r.Uint64())
	return name, func() int { return profile(&r) }
}

// publish publishes a burst and comes back for the next one.
func (f *feed) publish() {
	for range 1 + f.r.Below(f.burst) {
		if f.left == 0 {
			break
		}
		f.left--
		_, err := f.pub.Send(f.s.topics.message(f))
		var large *reliable.TooLargeError
		switch {
		case err == nil, errors.Is(err, world.ErrHeld), errors.Is(err, world.ErrDown),
			errors.Is(err, reliable.ErrDropped), errors.Is(err, reliable.ErrClosed),
			errors.As(err, &large):
		default:
			f.s.err = err
		}
	}
	if f.left > 0 && f.s.w.Now() < f.s.calm {
		f.s.w.At(f.s.w.Now().Add(time.Duration(f.r.UpTo(int64(2*f.pause)))), f.publish)
	}
}

// message returns bytes that no other message has, if they are enough.
func (f *feed) message() []byte {
	n := f.size()
	if cap(f.buffer) < n+8 {
		f.buffer = make([]byte, n+8)
	}
	b := f.buffer[:n+8]
	f.count++
	x := random.Mix(uint64(f.pub.Index())<<48 ^ uint64(f.pub.Lives())<<40 ^ f.count)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], x)
		x = x*6364136223846793005 + 1442695040888963407
	}
	return b[:n]
}
