package receive

import (
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/send"
)

// BenchmarkFeeds is BenchmarkReceive with the copies of a second feed, in batches of 32 frames by
// each. An operation is a frame that is new.
func BenchmarkFeeds(b *testing.B) {
	const frames, batch = 4992, 32
	for _, c := range []struct {
		name  string
		size  int
		feeds int
	}{
		{"64B/one", 64, 1}, {"64B/two", 64, 2}, {"1KiB/one", 1024, 1}, {"1KiB/two", 1024, 2},
	} {
		b.Run(c.name, func(b *testing.B) {
			rb := &receiveBench{tb: b}
			rb.frames, _ = benchFrames(b, send.Config{}, c.size, frames)
			b.ReportAllocs()
			done := 0
			for b.ResetTimer(); done < b.N; done += frames {
				rb.again()
				rb.feeds(c.feeds)
				for at := 0; at < frames; at += batch {
					for feed := range c.feeds {
						for i := at; i < at+batch; i++ {
							rb.byFeed(i, feed)
						}
					}
				}
			}
			perOperation(b, done)
		})
	}
}

// feeds tells of so many feeds.
func (b *receiveBench) feeds(n int) {
	if n == 1 {
		return
	}
	b.r.cfg.Feeds = n
	var e frame.Encoder
	if err := b.dec.Decode(e.Append(nil, &frame.Frame{Kind: frame.Session, Session: 1, Time: 1,
		Channels: 1, Controls: rigFeed[:n]}), &b.frame); err != nil {
		b.tb.Fatal(err)
	}
	b.r.Handle(0, rigFeed[0], &b.frame)
}

// byFeed hands a frame to the Receiver that came by a feed.
func (b *receiveBench) byFeed(i, feed int) {
	if b.r.Copied(0, rigFeed[feed], feed, b.frames[i]) {
		return
	}
	if err := b.dec.Decode(b.frames[i], &b.frame); err != nil {
		b.tb.Fatal(err)
	}
	b.frame.Feed = feed
	b.r.Handle(0, rigFeed[feed], &b.frame)
	for n := b.r.Poll(b.events[:]); n > 0; n = b.r.Poll(b.events[:]) {
		for i := range b.events[:n] {
			if ev := &b.events[i]; ev.Kind == reliable.Message {
				b.got += ev.Len()
			}
		}
	}
}
