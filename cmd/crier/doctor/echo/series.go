package echo

import (
	"context"
	"errors"
	"time"

	"crier/multicast"
)

// series is a run of probes.
type series struct {
	pass  pass
	n     int
	rate  int // a second; 0 for as fast as the kernel takes them
	size  int // of each datagram; 0 for smallFrame
	reply reply
	group bool // to the group, and not to the Host's port
}

// batch bounds the probes that are sent in one call.
const batch = 44 // of 1,472 bytes, in 64 KiB

// send sends a series, and returns how many of it the kernel took.
func (g *guest) send(ctx context.Context, s series) int { return g.sendFrom(ctx, s, 0) }

// sendFrom is send with numbers from first on.
func (g *guest) sendFrom(ctx context.Context, s series, first uint32) int {
	c := &codec{}
	size := max(s.size, smallFrame)
	before := g.out.Stats()
	var b, small []byte
	start, sent, refused := time.Now(), 0, 0
	for sent < s.n && ctx.Err() == nil {
		due := s.n - sent
		if s.rate > 0 {
			due = min(due, int(time.Since(start).Seconds()*float64(s.rate))+1-sent)
		}
		if due <= 0 {
			sleep(ctx, time.Millisecond)
			continue
		}
		due = min(due, batch)
		b = b[:0]
		for range due {
			p := probe{pass: s.pass, reply: s.reply, seq: first + uint32(sent),
				sent: time.Now().UnixNano()}
			small = padded(p.append(small[:0]), size)
			b = c.append(b, g.message(opProbe, small))
			sent++
			if !s.group {
				if g.port.write(b, g.cfg.To) != nil {
					refused++
				}
				b = b[:0]
			}
		}
		if s.group && multicast.WriteAll(g.out, g.cfg.Group, b, size) != nil {
			return sent - due
		}
	}
	if s.group {
		refused = sendErrors(g.out, before)
	}
	return sent - refused
}

// sendErrors returns how many datagrams the kernel refused since.
func sendErrors(c multicast.Conn, before multicast.ConnStats) int {
	return int(c.Stats().SendErrors - before.SendErrors)
}

// pauses is how often a host is asked whether it has taken all, and stalled is how long
// nothing may change until it is taken for lost.
const (
	pauses  = 30 * time.Millisecond
	stalled = time.Second
)

// drain waits until both ends have taken from their sockets what came of a series, and
// returns the Host's counters. A host that is busy takes it late.
func (g *guest) drain(ctx context.Context, s series) (count, error) {
	changed, there, here := time.Now(), -1, -1
	s.n, s.rate = 1, 0
	for {
		g.sendFrom(ctx, s, endSeq)
		sleep(ctx, pauses)
		t, err := g.ask(ctx, question{What: askCount, Pass: s.pass})
		if err != nil {
			return count{}, err
		}
		if t.Count == nil {
			return count{}, errors.New("an answer without a count")
		}
		h := g.count(s.pass)
		switch ended := t.Count.Ended && (h.ended || s.reply == replyNone); {
		case t.Count.Received != there || h.received != here:
			changed, there, here = time.Now(), t.Count.Received, h.received
		case ended || time.Since(changed) > stalled:
			return *t.Count, nil
		}
	}
}
