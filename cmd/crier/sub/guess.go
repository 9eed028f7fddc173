package sub

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"crier/reliable/frame"
	"crier/subscriber"
)

// guess tells what the datagrams of a stranger may be, by the first bytes of one.
func guess(s *subscriber.Stranger) string {
	h := s.Head
	_, alike := frame.Resembles(h)
	switch {
	case len(h) == 0:
		return "empty"
	case s.Newer && len(h) > 3:
		return "frames of a newer crier: " + frameVersion(h)
	case alike:
		return "damaged frames of crier"
	case printable(h):
		return fmt.Sprintf("text: %q", cutText(string(h), 20))
	case s.Size >= 188 && s.Size%188 == 0 && h[0] == 0x47:
		return "an MPEG transport stream, it seems"
	case len(h) >= 5 && h[0]&0xc0 == 0xc0 && bytes.Equal(h[1:5], []byte{0, 0, 0, 1}):
		return "QUIC, it seems"
	case s.Size >= 12 && h[0]&0xc0 == 0x80 && (h[1]&0x7f < 35 || h[1]&0x7f >= 96):
		return fmt.Sprintf("RTP of payload type %d, it seems", h[1]&0x7f)
	}
	return fmt.Sprintf("they begin with % x", h[:min(len(h), 8)])
}

// frameVersion describes the version in a frame that needs a newer crier.
func frameVersion(h []byte) string {
	at := 1
	if h[0] == 0xdc {
		at = 3
	}
	if h[at] == frame.Version {
		return "with something new in them"
	}
	return fmt.Sprintf("version %d of the protocol, and this one knows version %d", h[at],
		frame.Version)
}

func printable(h []byte) bool {
	return !slices.ContainsFunc(h, func(c byte) bool {
		return (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t'
	})
}

func cutText(text string, n int) string {
	if len(text) > n {
		return strings.ToValidUTF8(text[:n], "") + "..."
	}
	return text
}
