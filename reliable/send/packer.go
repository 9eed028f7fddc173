package send

import (
	"fmt"
	"sort"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/store"
)

// minSplit is the least room, in bytes, worth starting a message in that doesn't fit as a
// whole. Less is padded, so that small messages stay in one frame.
const minSplit = 64

// frameRoomHead is the size of the longest head of a chunk, in bytes.
const frameRoomHead = 3

// shorter is by how many bytes the last frame of a full batch is shorter if batches of
// equal frames would be damaged.
const shorter = 16

// A packer packs messages into frames of a store.
type packer struct {
	store   *store.Buffer
	session uint64
	channel uint32
	// start is the start of the session.
	start reliable.Time
	// wait is how long a message waits for others to share its frame.
	wait time.Duration
	// uneven says that the last frame of a full batch is shorter than the others.
	uneven bool

	build frame.Builder
	// nextOffset is the offset of the next message.
	nextOffset uint64
	// due is when the open frame must go.
	due reliable.Time
	// flush says that the open frame goes at once.
	flush bool
	// ring names the store in errors.
	ring string
	// size is the size of the datagrams that frames are made for, in bytes.
	size int
	// skipped counts dropped messages that subscribers were not told of. While it is not
	// 0, no frame is open.
	skipped uint64
}

// filling reports whether a frame is open and not empty.
func (p *packer) filling() bool { return p.build.IsOpen() && !p.build.Empty() }

// pending reports whether anything is packed, or to be packed, that is not sent yet.
func (p *packer) pending() bool {
	return p.store.Sent() != p.store.Next() || p.filling() || p.skipped > 0
}

// flushedOffset returns the offset of the first message that is not yet wholly with the
// kernel.
func (p *packer) flushedOffset() uint64 {
	if !p.pending() || p.store.Sent() == p.store.Next() && !p.build.IsOpen() {
		return p.nextOffset // nothing waits but a word of what was dropped
	}
	return p.store.Offset(p.store.Sent())
}

// frames returns the largest number of frames that a message of n bytes takes, with extra bytes
// of properties.
func (p *packer) frames(n, extra int) uint64 {
	if n += extra; n+frameRoomHead > p.room() {
		return uint64(frame.Frames(n, p.room()))
	}
	return 1
}

// extra returns the number of bytes that properties add to a message.
func extra(properties frame.Properties) int {
	if len(properties) > 0 {
		return 1 + len(properties)
	}
	return 0
}

// fit reports whether properties leave room for the start of a message in a frame.
func (p *packer) fit(properties frame.Properties) bool {
	return extra(properties) <= p.room()-frame.PartHead-minSplit
}

// need returns the largest number of frames that a message of n bytes with properties takes, or
// the error that it can never be sent.
func (p *packer) need(properties frame.Properties, n int) (uint64, error) {
	if n > frame.MaxMessage {
		return 0, &reliable.TooLargeError{Size: n, Limit: frame.MaxMessage, What: "the protocol"}
	}
	if !p.fit(properties) {
		return 0, &reliable.PropertiesError{Size: len(properties),
			Limit: p.room() - frame.PartHead - minSplit - 1, Datagram: p.size}
	}
	frames := p.frames(n, extra(properties))
	if frames >= p.store.Slots() {
		return 0, &reliable.TooLargeError{Size: n, Limit: p.largest(extra(properties)), What: p.ring}
	}
	return frames, nil
}

// needAll is need for many messages. One by one, they don't take more frames than it
// returns.
func (p *packer) needAll(messages [][]byte) (uint64, error) {
	if len(messages) == 1 {
		return p.need(nil, len(messages[0]))
	}
	used := uint64(p.leastUsed())
	size := uint64(frame.SkipSize) // of what was dropped before
	for i, message := range messages {
		if len(message) > frame.MaxMessage {
			err := &reliable.TooLargeError{Size: len(message), Limit: frame.MaxMessage,
				What: "the protocol"}
			return 0, fmt.Errorf(
				"of a batch of %d messages, none of which is taken, number %d: %w",
				len(messages), i, err)
		}
		size += uint64(len(message) + frameRoomHead)
	}
	frames := 1 + size/used
	if frames >= p.store.Slots() {
		return 0, &reliable.BatchTooLargeError{Messages: len(messages), Size: size,
			Limit: (p.store.Slots() - 2) * used}
	}
	return frames, nil
}

// room returns how many bytes of chunks fit into any frame.
func (p *packer) room() int {
	room := frame.DataRoom(p.size)
	if p.uneven {
		room -= shorter
	}
	return room
}

// leastUsed returns the least number of bytes of messages in a full frame, with the heads
// of whole ones. A frame wastes less than minSplit bytes, and has at most two more heads:
// of a part that continues and of one that starts.
func (p *packer) leastUsed() int { return p.room() - minSplit - 2*frame.PartHead }

// largest returns the largest message with extra bytes of properties that the resend buffer can
// hold.
func (p *packer) largest(extra int) int {
	return sort.Search(frame.MaxMessage, func(n int) bool {
		return uint64(frame.Frames(n+1+extra, p.room())) >= p.store.Slots()
	})
}

// pack puts a message with properties into frames, sealing those that are full.
func (p *packer) pack(now reliable.Time, properties frame.Properties, message []byte) {
	if !p.build.IsOpen() {
		p.open(now, p.nextOffset, p.nextOffset)
	}
	if !p.build.FitsWith(properties, len(message)) && !p.build.Empty() &&
		p.build.LeftWith(properties) < minSplit {
		p.seal(true)
		p.open(now, p.nextOffset, p.nextOffset)
	}
	if p.build.FitsWith(properties, len(message)) {
		p.build.AddWith(properties, message)
		return
	}
	p.packRest(now, message[p.build.StartWith(properties, message):])
}

// packRest puts the rest of a message into the next frames.
func (p *packer) packRest(now reliable.Time, rest []byte) {
	for len(rest) > 0 {
		if p.build.IsOpen() {
			p.seal(true)
		}
		p.open(now, p.nextOffset, p.nextOffset+1)
		rest = rest[p.build.Continue(rest):]
	}
}

// open starts the next frame. Its first chunk belongs to the message at offset, and the
// first message that starts in it is at start. Dropped messages come first.
func (p *packer) open(now reliable.Time, offset, start uint64) {
	skip := p.skipped
	offset, start = offset-skip, start-skip
	room := p.store.Open(offset, start > offset)
	size := frame.DataSize(p.size)
	if p.uneven && (p.store.Next()+1)%p.store.Most() == 0 {
		size -= shorter
	}
	p.build.Open(room[:0:size], p.session, p.channel, p.store.Next(), offset,
		sinceStart(p.start, now))
	p.due = now.Add(p.wait)
	if skip > 0 {
		p.build.Skip(skip)
		p.skipped = 0
	}
}

// seal closes the open frame. If full is set, it is padded to the size of a full one.
func (p *packer) seal(full bool) {
	b := p.build.Seal(full)
	p.store.Seal(len(b), p.nextOffset-p.skipped)
}

// repack opens the next frame again for the content of a sealed one, and as many frames
// after it as it takes. It does nothing and reports false if the ring has no room.
func (p *packer) repack(data []byte) bool {
	var d frame.Decoder
	var f frame.Frame
	if d.Decode(data, &f) != nil {
		return false
	}
	if frames, ok := p.needAgain(&f); !ok || !p.store.FitsOpen(frames) {
		return false
	}
	accepted := p.start.Add(time.Duration(f.Time)) // the first of them
	after := p.nextOffset
	p.nextOffset = f.Offset
	for i, c := range f.Chunks {
		switch {
		case c.Skip > 0: // nothing is before it
			p.nextOffset += c.Skip
			p.skipped = c.Skip
			p.open(accepted, p.nextOffset, p.nextOffset)
			continue
		case i == 0 && f.Flags&frame.Continues != 0:
			p.packRest(accepted, c.Data)
		default:
			p.pack(accepted, c.Properties, c.Data)
		}
		p.nextOffset++
	}
	p.nextOffset = after
	return true
}

// needAgain returns the largest number of frames that the content of a frame takes, and false if
// properties of it no longer fit.
func (p *packer) needAgain(f *frame.Frame) (frames uint64, ok bool) {
	frames = 1 + uint64(len(f.Raw)/p.leastUsed())
	for i := range f.Chunks {
		c := &f.Chunks[i]
		if len(c.Properties) == 0 {
			continue
		}
		if !p.fit(c.Properties) {
			return 0, false
		}
		frames++ // what its frame may waste for it
	}
	return frames, true
}
