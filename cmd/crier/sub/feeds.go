package sub

import (
	"fmt"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/subscriber"
)

// FeedSummary is what came of a session by one of several feeds.
type FeedSummary struct {
	Feed   int           `json:"feed"`           // from 0, in the order of --feed
	Source string        `json:"source"`         // the publisher's address there
	Down   bool          `json:"down,omitempty"` // nothing came by it at the end
	Frames uint64        `json:"frames"`         // DATA frames that it brought
	First  uint64        `json:"first"`          // those that it brought before the others
	Filled uint64        `json:"filled"`         // those of these that another one had lost
	Lost   uint64        `json:"lost"`           // those that it lost
	Skew50 time.Duration `json:"skew_p50_ns"`    // of its copies that weren't first, the median delay
	Skew99 time.Duration `json:"skew_p99_ns"`    // and the 99th percentile

	name string // what words call it
}

// feedsOf returns the summary of a session's feeds, which words call by their --feed.
func feedsOf(list []subscriber.FeedStats, given []subscriber.Feed) (feeds []FeedSummary) {
	for _, f := range list {
		one := FeedSummary{Feed: f.Feed, Source: events.SourceText(f.Source), Down: f.Down,
			Frames: f.Frames, First: f.First, Filled: f.Filled, Lost: f.Lost,
			Skew50: f.SkewP50, Skew99: f.SkewP99, name: fmt.Sprint(f.Feed)}
		if f.Feed < len(given) {
			one.name = given[f.Feed].String()
		}
		feeds = append(feeds, one)
	}
	return feeds
}

// feeds writes a line for each feed of a session.
func (b *sessionText) feeds(s *SessionSummary) {
	for i := range s.Feeds {
		f := &s.Feeds[i]
		fmt.Fprintf(b, "  feed %s: %s first, %s filled, %s", f.name, cli.Grouped(f.First),
			cli.Grouped(f.Filled), counted(b.sheet, cli.Bad, "lost", f.Lost))
		if f.Skew99 > 0 {
			fmt.Fprintf(b, "; skew p50 %s, p99 %s", cli.Duration(f.Skew50), cli.Duration(f.Skew99))
		}
		if f.Down {
			b.WriteString("; " + b.sheet.Paint(cli.Bad, "silent"))
		}
		b.WriteString("\n")
	}
}
