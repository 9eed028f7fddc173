package decode

import (
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/reliable/frame"
)

// tallySessions bounds the sessions that are told apart.
const tallySessions = 4096

// tally counts what a capture holds.
type tally struct {
	kinds    [frame.Team + 1]uint64 // of the frames that are whole
	states   [states]uint64
	frames   uint64
	shown    uint64
	foreign  uint64 // UDP datagrams that are not crier's
	unknown  uint64 // cut short before it was to be seen whether they are
	merged   uint64 // packets with several frames
	sessions map[uint64]bool
}

func newTally() *tally { return &tally{sessions: map[uint64]bool{}} }

// count counts a frame.
func (t *tally) count(e *entry) {
	t.frames++
	t.states[e.state]++
	if e.state == whole {
		t.kinds[e.header.Kind]++
		if len(t.sessions) <= tallySessions {
			t.sessions[e.header.Session] = true
		}
	}
}

// datagram counts a datagram with so many frames.
func (t *tally) datagram(frames int, g feed.Datagram) {
	switch {
	case frames > 1:
		t.merged++
	case frames == 1:
	case g.Size > len(g.Payload) && len(g.Payload) < headerSize:
		t.unknown++
	default:
		t.foreign++
	}
}

// headerSize is how much of a datagram shows whether it is a frame.
const headerSize = 20

// complete reports whether the capture has frames, and all of them could be decoded.
func (t *tally) complete(in datagrams) bool {
	return t.frames > 0 && t.states[whole] == t.frames && t.unknown == 0 && fragments(in) == 0
}

// fragments counts the IP fragments.
func fragments(in datagrams) uint64 {
	for _, c := range in.LeftOut() {
		if c.What == feed.Fragments {
			return c.N
		}
	}
	return 0
}

// text returns the counts in sentences.
func (t *tally) text(in datagrams) []string {
	var list []string
	add := func(format string, args ...any) {
		list = append(list, in.Name()+": "+fmt.Sprintf(format, args...))
	}
	if t.frames == 0 {
		add("no crier frame in %s", cli.Counted(in.Packets(), "packet", "packets"))
	} else {
		sessions := cli.Counted(uint64(len(t.sessions)), "session", "sessions")
		if len(t.sessions) > tallySessions {
			sessions = "more than " + cli.Counted(tallySessions, "session", "sessions")
		}
		add("%s of %s in %s%s", cli.Counted(t.frames, "frame", "frames"), sessions,
			cli.Counted(in.Packets(), "packet", "packets"), t.kindsText())
	}
	if t.shown < t.frames {
		add("%s shown", cli.Counted(t.shown, "frame", "frames"))
	}
	if t.merged > 0 {
		add("%s several frames, which the capturing host had merged",
			cli.Counted(t.merged, "packet has", "packets have"))
	}
	if text := t.brokenText(); text != "" {
		add("not decoded: %s", text)
	}
	if t.unknown > 0 {
		add("%s cut short before a frame's header ends (capture whole packets: tcpdump -s 0)",
			cli.Counted(t.unknown, "UDP datagram is", "UDP datagrams are"))
	}
	if t.foreign > 0 {
		add("not crier's: %s", cli.Counted(t.foreign, "UDP datagram", "UDP datagrams"))
	}
	for _, c := range in.LeftOut() {
		add("packets left out: %d %s", c.N, c.What)
	}
	return list
}

// kindsText lists the kinds: ": 5 DATA, 1 BYE".
func (t *tally) kindsText() string {
	var words []string
	for _, kind := range frame.Kinds() {
		if n := t.kinds[kind]; n > 0 {
			words = append(words, cli.Grouped(n)+" "+kind.String())
		}
	}
	if words == nil {
		return ""
	}
	return ": " + strings.Join(words, ", ")
}

// brokenText lists the frames that are not whole.
func (t *tally) brokenText() string {
	var words []string
	for s, text := range [states]string{
		damaged: "damaged", malformed: "malformed", newer: "of a newer crier",
		cut: "cut short by the capture (capture whole packets: tcpdump -s 0)",
	} {
		if n := t.states[s]; n > 0 && text != "" {
			words = append(words, cli.Grouped(n)+" "+text)
		}
	}
	return strings.Join(words, ", ")
}
