package decode

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"crier/cmd/crier/feed"
	"crier/reliable/frame"
)

// hexText reads frames in hexadecimal. A "#" begins a comment; a line that is empty, or begins
// with "=" or "```" as in docs/PROTOCOL.md, ends a frame.
type hexText struct {
	lines *feed.Reader
	name  string
	frame []byte
	line  uint64
	n     uint64
	end   error // of the input
}

func openHex(from string, stdin io.Reader, done <-chan struct{}) (*hexText, error) {
	lines, err := feed.Open(feed.Options{From: from, Format: "lines", Done: done}, stdin)
	if err != nil {
		return nil, err
	}
	if from == "-" {
		from = "standard input"
	}
	return &hexText{lines: lines, name: from}, nil
}

// Next returns the next frame's bytes.
func (h *hexText) Next() (feed.Datagram, error) {
	h.frame = h.frame[:0]
	for h.end == nil {
		record, err := h.lines.Next()
		if err != nil {
			h.end = err
			break
		}
		h.line++
		text, _, _ := strings.Cut(string(record.Payload), "#")
		text = strings.TrimSpace(text)
		if strings.Trim(string(record.Payload), " \t\r") == "" || strings.HasPrefix(text, "=") ||
			strings.HasPrefix(text, "```") {
			if len(h.frame) > 0 {
				return h.datagram(), nil
			}
			continue
		}
		b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return feed.Datagram{}, fmt.Errorf("%s: line %d isn't hexadecimal (%w): give bytes "+
				"such as 9a 01 01, and put # before comments", h.name, h.line, err)
		}
		if h.frame = append(h.frame, b...); len(h.frame) > frame.MaxDatagram {
			return feed.Datagram{}, fmt.Errorf("%s: the frame that ends in line %d has more than "+
				"%d bytes: put an empty line between frames", h.name, h.line, frame.MaxDatagram)
		}
	}
	if h.end == io.EOF && len(h.frame) > 0 {
		return h.datagram(), nil
	}
	return feed.Datagram{}, h.end
}

func (h *hexText) datagram() feed.Datagram {
	h.n++
	return feed.Datagram{Packet: h.n, Payload: h.frame, Size: len(h.frame)}
}

// LeftOut counts nothing: each frame is returned.
func (h *hexText) LeftOut() []feed.Count { return nil }

// Packets returns the number of frames so far.
func (h *hexText) Packets() uint64 { return h.n }

// Name names the input in sentences.
func (h *hexText) Name() string { return h.name }

// Close closes the file.
func (h *hexText) Close() error { return h.lines.Close() }
