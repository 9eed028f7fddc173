package echo

import (
	"context"
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
func (g *guest) send(ctx context.Context, s series) int {
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
			p := probe{pass: s.pass, reply: s.reply, seq: uint32(sent),
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
		if s.group && writeAll(g.out, g.cfg.Group, b, size) != nil {
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
