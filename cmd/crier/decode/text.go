package decode

import (
	"encoding/hex"
	"fmt"
	"strings"

	"crier/reliable/frame"
)

// sizeRuns bounds the runs of chunks' sizes on a line.
const sizeRuns = 8

// text returns the entry's line, and the dump below it if dump is set.
func (e *entry) text(dump bool) string {
	var b strings.Builder
	if !e.At.IsZero() {
		fmt.Fprintf(&b, "%s ", e.At.UTC().Format("15:04:05.000000"))
	}
	if e.From.IsValid() {
		fmt.Fprintf(&b, "%v -> %v ", e.From, e.To)
	}
	b.WriteString(e.line())
	b.WriteByte('\n')
	if !dump || !e.parsed {
		return b.String()
	}
	chunks := e.f.Chunks
	if e.innerParsed {
		chunks = e.inner.Chunks
	}
	for _, c := range chunks {
		if len(c.Properties) > 0 {
			b.WriteString("   " + propertiesText(c.Properties) + "\n")
		}
		if c.Skip == 0 {
			for line := range strings.Lines(hex.Dump(c.Data)) {
				b.WriteString("    " + line)
			}
		}
	}
	return b.String()
}

// propertiesText formats a message's key and headers: ` key="AAPL" trace="x"`.
func propertiesText(p frame.Properties) string {
	var b strings.Builder
	if key := p.Key(); key != nil {
		fmt.Fprintf(&b, " key=%q", key)
	}
	for name, value := range p.Headers() {
		fmt.Fprintf(&b, " %q=%q", name, value)
	}
	return b.String()
}

// line describes the frame, as the Info column of the Wireshark dissector does.
func (e *entry) line() string {
	var b strings.Builder
	switch {
	case e.parsed:
		b.WriteString(e.f.String())
		if e.f.Kind == frame.Data {
			b.WriteString(sizesText(e.f.Chunks))
		}
		if e.innerParsed {
			b.WriteString(" of " + e.inner.String() + sizesText(e.inner.Chunks))
		}
	case e.state == newer && e.header.Kind == 0:
		fmt.Fprintf(&b, "version %d", e.bytes[versionAt(e.bytes)])
	default:
		fmt.Fprintf(&b, "%v s=%016x", e.header.Kind, e.header.Session)
	}
	switch e.state {
	case damaged:
		b.WriteString(" (damaged: its tag is wrong)")
	case malformed:
		b.WriteString(" (malformed)")
	case newer:
		b.WriteString(" (it needs a newer crier)")
	case cut:
		fmt.Fprintf(&b, " (cut short by the capture: %d of %d bytes)", len(e.Payload), e.Size)
	}
	return b.String()
}

// versionAt is the place of the version of a frame.
func versionAt(b []byte) int {
	if b[0] == 0xdc {
		return 3
	}
	return 1
}

// sizesText lists the chunks' sizes, equal ones in a row as one: " sizes=20x64,12".
func sizesText(chunks []frame.Chunk) string {
	var b strings.Builder
	runs := 0
	for i := 0; i < len(chunks); {
		n := 1
		for i+n < len(chunks) && len(chunks[i+n].Data) == len(chunks[i].Data) &&
			(chunks[i+n].Skip == 0) == (chunks[i].Skip == 0) {
			n++
		}
		if chunks[i].Skip != 0 {
			i += n
			continue
		}
		switch runs++; {
		case runs > sizeRuns:
			fmt.Fprintf(&b, ",+%d more", len(chunks)-i)
			return b.String()
		case runs > 1:
			b.WriteByte(',')
		default:
			b.WriteString(" sizes=")
		}
		if n > 1 {
			fmt.Fprintf(&b, "%dx", n)
		}
		fmt.Fprintf(&b, "%d", len(chunks[i].Data))
		i += n
	}
	return b.String()
}
