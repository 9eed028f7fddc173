package feed

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
)

// mergeFeed is a feed of the source.
type mergeFeed struct {
	name  string
	to    netip.AddrPort // of its datagrams; invalid where it has a capture of its own
	split *splitter
	queue []part // datagrams that wait, as they came
	bytes int
	free  [][]byte
	// shift turns this feed's times into the first one's, which another host may have recorded.
	shift int64

	taken, again uint64 // messages
}

// part is a datagram of a feed, apart from those that a host merged with it.
type part struct {
	envelope
	memory []byte // that the envelope views, for the next one
	at     raw    // its time
	where  string
}

// MergedFeed counts what a feed had in a merge of two.
type MergedFeed struct {
	// Feed is the capture or the destination.
	Feed string `json:"feed"`
	// Taken counts messages that came from it first.
	Taken uint64 `json:"taken"`
	// Again counts messages that had come already, from the other as a rule.
	Again uint64 `json:"again"`
	// Missing counts numbers of the sessions that it lacked, from the first that either feed had
	// to the last. Those that both lacked are in the sessions, too.
	Missing uint64 `json:"missing"`
}

// report returns what each feed had.
func (m *merger) report() []MergedFeed {
	list := make([]MergedFeed, len(m.feeds))
	for i := range m.feeds {
		f := &m.feeds[i]
		list[i] = MergedFeed{Feed: f.name, Taken: f.taken, Again: f.again}
		for k := range m.joined.list {
			list[i].Missing += f.lacks(&m.joined.list[k])
		}
	}
	return list
}

// lacks counts the numbers of a session that the feed lacked.
func (f *mergeFeed) lacks(whole *stream) uint64 {
	had := f.split.streams.known(&envelope{session: whole.key})
	if had == nil {
		return whole.Next - whole.First
	}
	return had.Missing + had.First - min(had.First, whole.First) +
		whole.Next - min(had.Next, whole.Next)
}

// merged counts datagrams that a host had merged.
func (m *merger) merged() (n uint64) {
	for i := range m.feeds {
		n += m.feeds[i].split.merged
	}
	return n
}

// leftOut counts records that were not taken.
func (m *merger) leftOut(split string) (list []Count) {
	for _, in := range m.inputs {
		list = append(list, in.leftOut()...)
	}
	for i := range m.feeds {
		if n := m.feeds[i].split.unsplit; n > 0 {
			what := fmt.Sprintf("of %s not split by %s", m.feeds[i].name, split)
			list = append(list, Count{what, n})
		}
	}
	return list
}

// nothing returns the error that there is no message, or io.EOF.
func (m *merger) nothing() error {
	for i := range m.feeds {
		if s := m.feeds[i].split; s.unsplit > 0 && s.datagrams == 0 {
			text := fmt.Sprintf("not one of its %d datagrams can be split (the last: %v): give "+
				"another --split", s.unsplit, s.why)
			return &fault{name: m.feeds[i].name, text: text}
		}
	}
	return io.EOF
}

// unlike reports whether both feeds have messages, and no session in common.
func (m *merger) unlike() bool {
	for i := range m.feeds {
		if m.feeds[i].taken+m.feeds[i].again == 0 {
			return false
		}
	}
	other := &m.feeds[1].split.streams
	return !slices.ContainsFunc(m.feeds[0].split.streams.list, func(s stream) bool {
		return other.known(&envelope{session: s.key}) != nil
	})
}

// warnings returns a sentence for each feed, and for what both lack.
func (m *merger) warnings() (list []string) {
	for _, f := range m.report() {
		if f.Taken+f.Again == 0 {
			list = append(list, fmt.Sprintf("of the feed %s there is not one message", f.Feed))
			continue
		}
		list = append(list, fmt.Sprintf("of the feed %s: %s taken, %d that had come already, and "+
			"%d missing", f.Feed, counted(f.Taken, "message", "messages"), f.Again, f.Missing))
	}
	if m.unlike() {
		list = append(list, "the two feeds have no session of the source in common: they aren't "+
			"copies of one feed, and all of both was taken")
	}
	for _, s := range m.joined.sessions() {
		if s.Gaps > 0 {
			list = append(list, fmt.Sprintf("both feeds lack %s of its source's %s, in %s",
				counted(s.Missing, "message", "messages"), s.name(),
				counted(s.Gaps, "gap", "gaps")))
		}
	}
	if m.more > 0 {
		list = append(list, fmt.Sprintf("%s left out, of more sessions than %d",
			counted(m.more, "message was", "messages were"), streamsMost))
	}
	return list
}
