package sim

import (
	"fmt"
	"time"

	"crier/cmd/crier/cli"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// lister is a process that lists topics.
type lister struct {
	Name   string `json:"name"`
	At     int64  `json:"at_ns"`      // when it asked
	Listed int    `json:"listed"`     // publishers that it listed
	In     int64  `json:"listed_ns"`  // until it had listed 99 of a hundred of those; 0: it listed none
	Of     int    `json:"publishers"` // that announced a topic that it lists
}

// announcements counts what the directory's processes send.
type announcements struct {
	Group   uint64 `json:"to_group"`      // announcements to the group
	Answers uint64 `json:"answers"`       // announcements to one that asked
	Most    int    `json:"most_a_second"` // of both, in any second

	times []reliable.Time // of the last second
}

// sent counts a datagram of the directory.
func (a *announcements) sent(now reliable.Time, d *world.Datagram) {
	if d.Frame.Kind != frame.Announce {
		return
	}
	if d.To.IsValid() {
		a.Answers++
	} else {
		a.Group++
	}
	old := 0
	for old < len(a.times) && now.Sub(a.times[old]) >= time.Second {
		old++
	}
	a.times = append(a.times[:copy(a.times, a.times[old:])], now)
	a.Most = max(a.Most, len(a.times))
}

// listersOf returns what the World's processes listed.
func listersOf(w *world.World) (list []*lister) {
	for _, l := range w.Listers() {
		cfg := l.Config()
		one := &lister{Name: cfg.Name, At: int64(cfg.At), Listed: l.Listed(reliable.Never)}
		for _, e := range w.Entries() {
			if cfg.Pattern.Match(e.Config().Topic) {
				one.Of++
			}
		}
		if at := l.ListedAt((one.Listed*99 + 99) / 100); one.Listed > 0 {
			one.In = int64(at.Sub(cfg.At))
		}
		list = append(list, one)
	}
	return list
}

// directoryText tells what was announced, and listed.
func directoryText(r *Result) string {
	if r.Announcements == nil {
		return ""
	}
	text := fmt.Sprintf("%s and %s, up to %s in one second",
		cli.Counted(r.Announcements.Group, "announcement", "announcements"),
		cli.Counted(r.Announcements.Answers, "answer", "answers"),
		cli.Grouped(uint64(r.Announcements.Most)))
	for _, l := range r.Listers {
		text += fmt.Sprintf("; %s listed %s of %s publishers, 99 %% of them in %v", l.Name,
			cli.Grouped(uint64(l.Listed)), cli.Grouped(uint64(l.Of)),
			time.Duration(l.In).Round(10*time.Millisecond))
	}
	return text + "\n"
}
