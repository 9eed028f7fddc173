package feed

import (
	"fmt"

	"crier/cmd/crier/cli"
)

// Summary counts the oddities of a feed.
type Summary struct {
	// LeftOut counts records that were not sent, by cause.
	LeftOut []Count `json:"left_out,omitempty"`
	// Merged counts datagrams that a host had merged, and that were taken apart.
	Merged uint64 `json:"merged_datagrams,omitempty"`
	// TimesBack counts messages that were recorded before their predecessor, GapsShortened
	// silences that were shortened.
	TimesBack     uint64 `json:"times_back,omitempty"`
	GapsShortened uint64 `json:"gaps_shortened,omitempty"`
	// Sessions are those of the source's own framing; MoreSessions counts those beyond the
	// list.
	Sessions     []Session `json:"sessions,omitempty"`
	MoreSessions uint64    `json:"more_sessions,omitempty"`
	// Feeds are those that were taken as one. What both lacked is missing in the sessions.
	Feeds []MergedFeed `json:"feeds,omitempty"`
	// WithoutKey counts messages in which there was no key.
	WithoutKey uint64 `json:"without_key,omitempty"`
}

// Summary returns the oddities so far, or nil if there were none.
func (r *Reader) Summary() *Summary {
	s := &Summary{LeftOut: r.leftOut(), TimesBack: r.times.back, GapsShortened: r.times.shortened,
		WithoutKey: r.keyless}
	if r.merge != nil {
		s.Merged = r.merge.merged()
		s.Sessions, s.MoreSessions = r.merge.joined.sessions(), r.merge.more
		s.Feeds = r.merge.report()
		return s
	}
	if r.split != nil {
		s.Merged = r.split.merged
		s.Sessions, s.MoreSessions = r.split.streams.sessions(), r.split.streams.more
	}
	if len(s.LeftOut) == 0 && s.Merged == 0 && s.TimesBack == 0 && s.GapsShortened == 0 &&
		len(s.Sessions) == 0 && s.WithoutKey == 0 {
		return nil
	}
	return s
}

// leftOut counts records that were not sent.
func (r *Reader) leftOut() []Count {
	var list []Count
	if r.merge != nil {
		return r.merge.leftOut(r.opts.Split)
	}
	if r.format != nil {
		list = r.format.leftOut()
	}
	if n := r.strangers.n; n > 0 {
		list = append(list, Count{"to other addresses than " + r.onlyFlag() + " names", n})
	}
	if r.split != nil && r.split.unsplit > 0 {
		list = append(list, Count{"not split by " + r.opts.Split, r.split.unsplit})
	}
	return list
}

// Warnings returns, at the end, a sentence for each kind of record that was left out, missing
// or odd.
func (r *Reader) Warnings() []string {
	var list []string
	add := func(format string, args ...any) {
		list = append(list, r.src.name+": "+fmt.Sprintf(format, args...))
	}
	for _, c := range r.leftOut() {
		add("packets left out: %d %s", c.N, c.What)
	}
	if c, ok := r.format.(*capture); ok && r.split == nil && c.large > 0 {
		add("%s larger than an Ethernet packet of 1,500 bytes: if that network has no jumbo "+
			"frames, the capturing host merged several into one; capture again with ethtool -K "+
			"INTERFACE gro off", counted(c.large, "datagram is", "datagrams are"))
	}
	if r.times.back > 0 {
		add("%s recorded out of order, by at most %s; the pace of the rest was kept",
			counted(r.times.back, "message was", "messages were"), cli.Duration(r.times.furthest))
	}
	if r.times.shortened > 0 {
		add("%s longer than %v, the longest %s: shortened",
			counted(r.times.shortened, "silence was", "silences were"), r.opts.MaxGap,
			cli.Duration(r.times.longest))
	}
	if r.keyless > 0 {
		add("%s without a key", counted(r.keyless, "message", "messages"))
	}
	if r.merge != nil {
		for _, text := range r.merge.warnings() {
			add("%s", text)
		}
		return list
	}
	if r.split == nil {
		return list
	}
	if n := r.split.merged; n > 0 {
		add("%s that the capturing host had merged: taken apart",
			counted(n, "packet had datagrams", "packets had datagrams"))
	}
	for _, s := range r.split.streams.sessions() {
		if s.Gaps > 0 || s.Late > 0 {
			add("%s", s.text())
		}
	}
	if n := r.split.streams.more; n > 0 {
		add("%s more of its source's sessions, whose gaps were not looked for",
			counted(n, "datagram was of one", "datagrams were of"))
	}
	return list
}

// counted returns a number and its noun.
func counted(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
