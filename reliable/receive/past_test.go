package receive

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

// over is a recorder's DIGEST of a session that is over, whose frames are [0, next) and whose
// messages are [first, first+next).
func over(t testing.TB, h Holder, session, first, next uint64, wall int64, prev *frame.Link,
	request uint64, at int64) *frame.Frame {
	d := &frame.DigestBody{Role: frame.Recorder, Version: 1 + request, Position: next, To: next,
		Wall: wall, FirstOffset: first, Prev: prev, Heard: time.Hour}
	if at >= 0 {
		d.At, d.AtSeq, d.AtOffset = true, uint64(at), first+uint64(at)
	}
	return rig.Made(t, frame.Frame{Kind: frame.Digest, Session: session, Responder: h.ID,
		Request: request, Time: 5000, Flags: frame.Final, OldestOffset: first, NextSeq: next,
		NextOffset: first + next, Name: []byte("trades"), Digest: d})
}

// recorded plays a recorder that holds sessions which are over, each with as many frames as
// messages: it answers FINDs and NACKs, for as long as d.
func (l *listener) recorded(h Holder, d time.Duration, digests func(f *frame.Frame) []*frame.Frame,
	first map[uint64]uint64) {
	l.t.Helper()
	for end := l.now.Add(d); l.now < end; l.now = l.now.Add(time.Millisecond) {
		l.Advance(l.now)
		for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
			f := rig.Decoded(l.t, append([]byte(nil), b.Data...))
			l.Sent(b)
			switch {
			case f.Kind == frame.Find && (!b.To.IsValid() || b.To.Addr().IsMulticast()):
				l.asked = append(l.asked, b.To)
				for _, d := range digests(f) {
					l.tells(h, d)
				}
			case f.Kind == frame.Nack && b.To == h.Addr:
				for _, r := range f.Ranges {
					for seq := r.From; seq < r.To; seq++ {
						l.from(h.Addr, repairOf(l.t, h, f.Session, f.Request, seq, first[f.Session]+seq))
					}
				}
			}
		}
		l.poll()
	}
}

// repairOf is a holder's REPAIR of a frame with one message.
func repairOf(t testing.TB, h Holder, session, request, seq, offset uint64) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, 300), session, 0, seq, offset, seq*1e6)
	b.Add([]byte("x"))
	return rig.Decoded(t, new(frame.Encoder).AppendRepair(nil, session, 0, h.ID, request,
		b.Seal(false)))
}

// said lists what was told of each session in order: its messages as a range, and its end.
func (l *listener) said() (list []string) {
	for i := range l.told {
		ev := &l.told[i]
		what := ev.Kind.String()
		switch ev.Kind {
		case reliable.Message:
			what = "+"
			if n := len(list); n > 0 && list[n-1][len(list[n-1])-1] == '+' {
				continue
			}
		case reliable.Loss:
			what = "lost " + ev.Lost.String() + " " + ev.Cause.String()
		case reliable.SessionEnded:
			what += " " + ev.Cause.String()
		}
		list = append(list, string(rune('0'+ev.Session))+" "+what)
	}
	return list
}

// three answers for session 1, 2 and 3, each of which continues the one before.
func three(t testing.TB) func(f *frame.Frame) []*frame.Frame {
	return func(f *frame.Frame) (list []*frame.Frame) {
		for s := uint64(3); s >= 1; s-- {
			if f.Session != 0 && f.Session != s {
				continue
			}
			at, first := int64(-1), (s-1)*10
			switch v := f.Find.Value; {
			case f.Find.What == frame.FindOldest, f.Find.What == frame.FindOffset && v <= first:
				at = 0
			case f.Find.What == frame.FindOffset:
				at = int64(min(v-first, 10))
			case f.Find.What == frame.FindTime:
				at = int64(v-uint64(1e18+s*1e12)) / 1e6
				at = min(max(at, 0), 10)
			}
			var prev *frame.Link
			if s > 1 {
				prev = &frame.Link{Session: s - 1, Seq: 10, Offset: first}
			}
			list = append(list, over(t, firstHolder, s, first, 10, int64(1e18+s*1e12), prev, f.Request, at))
		}
		return list
	}
}

// offsets are the first offsets of their sessions.
var firstOffsets = map[uint64]uint64{1: 0, 2: 10, 3: 20}

// Sessions that are over are delivered from a log, each to its end, and then the one that
// continues it; from where the subscriber wants, and to where it wants.
func TestSessionsOfBefore(t *testing.T) {
	for name, c := range map[string]before{
		"oldest": {start: reliable.Oldest, messages: 30,
			said: "1 new,1 +,1 silent,2 new,2 +,2 silent,3 new,3 +,3 silent"},
		"offset": {start: reliable.AtOffset(14), first: 14, messages: 16,
			said: "2 new,2 +,2 silent,3 new,3 +,3 silent"},
		"time": {start: reliable.AtTime(time.Unix(0, 1e18+2e12+4e6)), first: 14, messages: 16,
			said: "2 new,2 +,2 silent,3 new,3 +,3 silent"},
		"position": {start: reliable.Resume, first: 5, messages: 25,
			positions: []reliable.Position{{Session: 1, Publisher: "trades", Seq: 5, Offset: 5}},
			said:      "1 new,1 +,1 silent,2 new,2 +,2 silent,3 new,3 +,3 silent"},
		"later position": {start: reliable.Resume, first: 12, messages: 18,
			positions: []reliable.Position{{Session: 2, Publisher: "trades", Seq: 2, Offset: 12}},
			said:      "2 new,2 +,2 silent,3 new,3 +,3 silent"},
		"a position of a session that nobody has": {start: reliable.Resume, messages: 30,
			positions: []reliable.Position{{Session: 9, Publisher: "trades", Seq: 2, Offset: 12}},
			said:      "1 new,1 +,1 silent,2 new,2 +,2 silent,3 new,3 +,3 silent"},
		"a stretch": {start: reliable.AtOffset(4), until: reliable.UntilOffset(12), first: 4,
			messages: 8, said: "1 new,1 +,1 silent,2 new,2 +,2 ended end of the stretch," +
				"3 new,3 ended end of the stretch"},
		"until a time": {start: reliable.Oldest, until: reliable.UntilTime(time.Unix(0, 1e18+2e12+3e6)),
			messages: 13, said: "1 new,1 +,1 silent,2 new,2 +,2 ended end of the stretch," +
				"3 new,3 ended end of the stretch"},
		"latest": {start: reliable.Latest},
	} {
		for _, way := range []string{"group", "topic", "pattern"} {
			cfg := Config{Joined: 5e9, Start: c.start, Until: c.until, Positions: c.positions,
				Logs: Logs{Ask: true}}
			answers := three(t)
			if way != "group" {
				answers = ofTopic("quotes", answers)
				for i := range c.positions {
					c.positions[i].Topic = "quotes"
				}
			}
			if cfg.Selects = way == "pattern"; way == "topic" {
				cfg.Topics = []Topic{{Name: "quotes"}}
			}
			l := newListener(t, cfg)
			if way == "pattern" { // the topic is found later
				l.pass(time.Minute, false)
				l.Follow(l.now, Topic{Name: "quotes"})
			}
			l.recorded(firstHolder, 3*time.Second, answers, firstOffsets)
			c.judge(l, name+" by "+way)
		}
	}
}

// ofTopic makes a recorder's answers those about sessions of a topic, at its home group.
func ofTopic(name string, answers func(*frame.Frame) []*frame.Frame,
) func(*frame.Frame) []*frame.Frame {
	return func(f *frame.Frame) (list []*frame.Frame) {
		if f.Session == 0 && (string(f.Find.Topic) != name || f.Channel != frame.EveryChannel) {
			return nil
		}
		for _, d := range answers(f) {
			d.Digest.Topic = []byte(name)
			list = append(list, d)
		}
		return list
	}
}

// before is a subscriber that wants what was before it, and what it is told then.
type before struct {
	start     reliable.Start
	until     reliable.Until
	positions []reliable.Position
	first     uint64
	messages  uint64
	said      string
}

// judge compares what was told with what is wanted.
func (c *before) judge(l *listener, name string) {
	l.t.Helper()
	if got := strings.Join(l.said(), ","); got != c.said {
		l.t.Errorf("%s: told\n\t%s\nwant\n\t%s", name, got, c.said)
	}
	first, messages := endless, uint64(0)
	for _, st := range l.Sessions() {
		messages += st.Delivered
		if st.Delivered > 0 {
			first = min(first, st.FirstOffset)
		}
	}
	if messages != c.messages || messages > 0 && first != c.first {
		l.t.Errorf("%s: %d messages from %d on", name, messages, first)
	}
	home := netip.AddrPort{}
	if len(l.topics.list) > 0 {
		home = topic.Home("quotes", home)
	}
	for _, to := range l.asked {
		if to != home {
			l.t.Errorf("%s: %v is asked, not %v", name, to, home)
		}
	}
	for i := range l.told {
		if l.told[i].Group != home {
			l.t.Errorf("%s: an event by %v, not by %v", name, l.told[i].Group, home)
			break
		}
	}
}
