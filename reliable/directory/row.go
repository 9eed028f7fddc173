package directory

import (
	"bytes"
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// Row is a publisher and its topic, as it announces them. Its names may have any characters but
// the topic's.
type Row struct {
	Session reliable.SessionID
	// Topic is the topic's name, and Layout its layout.
	Topic  string
	Layout topic.Layout
	// Publisher is the publisher's name, Host that of its machine, and PID its process there.
	// They may be empty.
	Publisher, Host string
	PID             uint32
	// Addr is the publisher's own address.
	Addr netip.AddrPort
	// Wall is the wall clock at the session's start, in Unix nanoseconds.
	Wall int64
	// Facts are the last that it announced.
	Facts Facts
	// First and Heard are when it was first and last heard.
	First, Heard reliable.Time
}

// take takes what an announcement says.
func (r *Row) take(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	r.Addr, r.Wall, r.Heard = addressOf(from, f), f.Wall, now
	b := f.Announce
	r.Facts = Facts{Bytes: b.Bytes, Messages: b.Messages, Subscribers: int(b.Subscribers)}
	for _, t := range b.Teams {
		r.Facts.Teams = append(r.Facts.Teams, Team{string(t.Name), t.Share, int(t.Members), t.Lag})
	}
	r.PID = b.PID
	// The names rarely change, and then need no copy.
	if !bytes.Equal(f.Name, []byte(r.Publisher)) {
		r.Publisher = string(f.Name)
	}
	if !bytes.Equal(b.Host, []byte(r.Host)) {
		r.Host = string(b.Host)
	}
}
