// Package drops tells what was received and dropped, and why.
package drops

import (
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
	"crier/publisher"
	"crier/subscriber"
)

// Counts counts what a command received and dropped, by cause. A summary leaves out zeros.
type Counts struct {
	// NewerFrames need a newer crier.
	NewerFrames uint64 `json:"newer_frames,omitempty"`
	// ForeignFrames are of a session or subscriber, from another source than its own.
	ForeignFrames uint64 `json:"foreign_frames,omitempty"`
	// RefusedFrames are new sessions, or requests, beyond the bounds.
	RefusedFrames uint64 `json:"refused_frames,omitempty"`
	// UnexpectedFrames answer no request, or belong to no session.
	UnexpectedFrames uint64 `json:"unexpected_frames,omitempty"`
	// OtherChannelFrames are of a channel that has no listener.
	OtherChannelFrames uint64 `json:"other_channel_frames,omitempty"`
	// MismatchedRepairs hold something else than they claim.
	MismatchedRepairs uint64 `json:"mismatched_repairs,omitempty"`
	// MisdirectedDatagrams went to another group or came from another source.
	MisdirectedDatagrams uint64 `json:"misdirected_datagrams,omitempty"`
	// TruncatedDatagrams were larger than the receive buffer.
	TruncatedDatagrams uint64 `json:"truncated_datagrams,omitempty"`

	// Moved counts peers that changed their address, Contested frames of others that claim to
	// be them.
	Moved     uint64 `json:"-"`
	Contested uint64 `json:"-"`
}

// OfSubscriber counts what a subscriber dropped, apart from invalid datagrams.
func OfSubscriber(st *subscriber.Stats) Counts {
	d := Counts{
		NewerFrames: st.Newer, ForeignFrames: st.Foreign, RefusedFrames: st.Refused,
		UnexpectedFrames:   st.Unexpected,
		OtherChannelFrames: st.OtherChannel, MismatchedRepairs: st.Mismatched,
		MisdirectedDatagrams: st.Socket.Misdirected, TruncatedDatagrams: st.Socket.Truncated,
	}
	for i := range st.Groups {
		d.MisdirectedDatagrams += st.Groups[i].Misdirected
		d.TruncatedDatagrams += st.Groups[i].Truncated
	}
	return d
}

// OfPublisher counts what a publisher dropped, apart from invalid datagrams.
func OfPublisher(st *publisher.Stats) Counts {
	return Counts{
		NewerFrames: st.Newer, ForeignFrames: st.Foreign, RefusedFrames: st.Responder.Refused,
		UnexpectedFrames:     st.Unknown,
		MisdirectedDatagrams: st.Socket.Misdirected, TruncatedDatagrams: st.Socket.Truncated,
		Moved: st.Moved, Contested: st.Contested,
	}
}

// Understood returns the number of dropped frames that this crier can read.
func (d *Counts) Understood() uint64 {
	return d.ForeignFrames + d.RefusedFrames + d.UnexpectedFrames + d.OtherChannelFrames +
		d.MismatchedRepairs
}

// dropLine is a count with its noun, singular and plural, and the cause.
type dropLine struct {
	n               uint64
	what, whats, by string
}

// Text returns a line for each count that isn't zero; invalid counts datagrams without a
// whole frame.
func (d *Counts) Text(invalid uint64, publishes bool) string {
	refused := dropLine{d.RefusedFrames, "frame", "frames",
		"of new sessions, since so many are followed already"}
	foreign := dropLine{
		d.ForeignFrames, "frame", "frames",
		"of a session from another source than its own: " + d.stranger("the publisher"),
	}
	unexpected := dropLine{d.UnexpectedFrames, "frame", "frames",
		"of a session not heard yet, or over, or of a kind that no subscriber waits for"}
	if publishes {
		foreign.by = "of a subscriber from another address than its own: " + d.stranger("it")
		refused = dropLine{d.RefusedFrames, "request", "requests",
			"for a repair, beyond what may wait; subscribers ask again"}
		unexpected = dropLine{d.UnexpectedFrames, "request", "requests",
			"for frames that were never sent"}
	}
	var b strings.Builder
	for _, line := range []dropLine{
		{invalid, "datagram", "datagrams", "that held no crier frame, or a damaged one"},
		{d.NewerFrames, "frame", "frames", "that only a newer crier understands"},
		foreign, refused, unexpected,
		{d.OtherChannelFrames, "frame", "frames", "of a channel that is not listened to"},
		{d.MismatchedRepairs, "repair", "repairs", "with something else inside than they say"},
		{d.MisdirectedDatagrams, "datagram", "datagrams",
			"to another group on this port, or from another source"},
		{d.TruncatedDatagrams, "datagram", "datagrams", "larger than any that a crier sends"},
	} {
		if line.n > 0 {
			fmt.Fprintf(&b, "dropped %s %s\n", cli.Counted(line.n, line.what, line.whats), line.by)
		}
	}
	return b.String()
}

// stranger describes the possible senders of frames in a peer's name from another address.
func (d *Counts) stranger(peer string) string {
	who := peer + " has changed its address"
	if d.Moved > 0 {
		who += ", and was followed there once that was sure"
	}
	if d.Moved == 0 || d.Contested > 0 {
		who = "a forger's, or " + who
	}
	return who
}

// Kernel counts datagrams that the kernel dropped for want of receive buffer. It keeps the
// smallest buffer of the sockets concerned, in bytes; 0 if that is unknown.
type Kernel struct {
	n       uint64
	granted cli.Size
}

// Add adds the drops of a socket, and the buffer that it was granted.
func (k *Kernel) Add(n uint64, granted int) {
	if n == 0 {
		return
	}
	if k.n == 0 || cli.Size(granted) < k.granted {
		k.granted = cli.Size(granted)
	}
	k.n += n
}

// Text names a remedy; asked is the receive buffer that was asked for.
func (k *Kernel) Text(asked cli.Size) string {
	if k.n == 0 {
		return ""
	}
	text := fmt.Sprintf("the kernel dropped %s for want of receive buffer",
		cli.Counted(k.n, "datagram", "datagrams"))
	if k.granted > 0 && k.granted < asked {
		return text + fmt.Sprintf(": it granted %v of the %v asked for; as root, sysctl -w "+
			"net.core.rmem_max=%d allows it all\n", k.granted, asked, int64(asked))
	}
	if k.granted > 0 {
		text += fmt.Sprintf(", which has the %v asked for", asked)
	}
	return text +
		"; a larger --read-buffer holds a longer burst, and a slower publisher or a less busy " +
		"machine needs less\n"
}
