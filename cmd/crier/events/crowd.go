package events

import (
	"fmt"
	"net/netip"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// crowd knows the partitions of sessions, so that words tell once what all of them come to.
type crowd struct {
	sessions map[subscriber.SessionID]*partitions
	// counts are how many partitions streams of one topic and publisher's name have.
	counts map[[2]string]int
}

// mostSessions bounds the sessions of a crowd. Those beyond tell all of their events.
const mostSessions = 1024

// partitions are those of a session.
type partitions struct {
	heard, ended set
	// said is the last event that words told, which other partitions need not say again.
	said subscriber.Kind
	by   uint32
	from netip.AddrPort
	// briefs counts the partitions whose certificates were told in a line each, since said.
	briefs int
}

// mostBriefs bounds those partitions. Those beyond are told at the end.
const mostBriefs = 7

// set is a set of partitions.
type set [4]uint64

// bit returns the word and the bit of a partition.
func bit(p uint32) (word int, mask uint64) {
	return int(p / 64 % uint32(len(set{}))), 1 << (p % 64)
}

func (s *set) add(p uint32) {
	i, m := bit(p)
	s[i] |= m
}

func (s *set) remove(p uint32) {
	i, m := bit(p)
	s[i] &^= m
}

// many reports whether more than one partition is in it.
func (s *set) many() bool {
	n := 0
	for _, word := range s {
		for ; word != 0; word &= word - 1 {
			n++
		}
	}
	return n > 1
}

// of returns the partitions of an event's session, or nil where there are too many sessions.
func (c *crowd) of(ev *subscriber.Event) *partitions {
	p := c.sessions[ev.Session]
	if p == nil {
		if len(c.sessions) >= mostSessions {
			return nil
		}
		if c.sessions == nil {
			c.sessions = make(map[subscriber.SessionID]*partitions)
		}
		p = new(partitions)
		c.sessions[ev.Session] = p
	}
	return p
}

// note takes note of an event other than a message or a loss, and reports whether another
// partition of the session has said as much, or will.
func (c *crowd) note(ev *subscriber.Event) (again bool) {
	p := c.of(ev)
	if p == nil {
		return false
	}
	other := p.by != ev.Partition
	switch ev.Kind {
	case subscriber.SessionNew:
		again = p.heard != p.ended
		p.heard.add(ev.Partition)
		p.ended.remove(ev.Partition)
	case subscriber.SessionEnded:
		p.heard.add(ev.Partition)
		p.ended.add(ev.Partition)
		if again = p.heard != p.ended; !again {
			delete(c.sessions, ev.Session)
		}
	case subscriber.SessionInquest, subscriber.SessionResumed:
		p.heard.add(ev.Partition)
		again = p.said == ev.Kind && other
	case subscriber.SessionSilent, subscriber.SessionAmended:
		p.heard.add(ev.Partition)
		if again = p.said == ev.Kind && other; again && lacks(ev.Certificate) {
			p.briefs++
			return p.briefs > mostBriefs+1
		}
	case subscriber.SessionMoved, subscriber.SessionContested:
		again = p.said == ev.Kind && other && p.from == ev.Source
	default:
		return false
	}
	if !again {
		p.said, p.by, p.from, p.briefs = ev.Kind, ev.Partition, ev.Source, 0
	}
	return again
}

// brief reports whether an event that words tell is another partition's than the one that told
// as much, and whether it stands for those that aren't told.
func (c *crowd) brief(ev *subscriber.Event) (brief, last bool) {
	p := c.sessions[ev.Session]
	if p == nil || p.said != ev.Kind || p.by == ev.Partition || p.briefs == 0 ||
		ev.Kind != subscriber.SessionSilent && ev.Kind != subscriber.SessionAmended {
		return false, false
	}
	return true, p.briefs > mostBriefs
}

// relaid returns how many partitions the last session of the same topic and publisher's name had,
// or 0 where there was none, or it had as many.
func (c *crowd) relaid(ev *subscriber.Event) (before int) {
	if ev.Title == nil || ev.Title.Topic == "" || ev.Publisher == "" ||
		ev.Title.Layout.Partitions == 0 {
		return 0
	}
	key, n := [2]string{ev.Title.Topic, ev.Publisher}, ev.Title.Layout.Partitions
	before = c.counts[key]
	if c.counts == nil || len(c.counts) >= mostSessions {
		c.counts = make(map[[2]string]int)
	}
	if c.counts[key] = n; before == n {
		return 0
	}
	return before
}

// several reports whether an event's session is known to have several partitions.
func (c *crowd) several(ev *subscriber.Event) bool {
	if ev.Partition > 0 || ev.Title != nil && ev.Title.Layout.Partitions > 1 {
		return true
	}
	p := c.sessions[ev.Session]
	return p != nil && p.heard.many()
}

// lacks reports whether a certificate names something that is missing.
func lacks(c *subscriber.Certificate) bool {
	return c != nil && (c.LostMessages > 0 || len(c.Nobody) > 0 || len(c.Unsettled) > 0)
}

// TopicText returns what words call a session's topic, or nothing where it has none.
func TopicText(t *subscriber.Title) string {
	if t == nil {
		return ""
	}
	n := cli.Counted(uint64(t.Layout.Partitions), "partition", "partitions")
	switch several := t.Layout.Partitions > 1; {
	case t.Topic == "" && several:
		return n
	case t.Topic == "":
		return ""
	case several:
		return fmt.Sprintf("topic %s, %s", cli.Printable(t.Topic), n)
	}
	return "topic " + cli.Printable(t.Topic)
}
