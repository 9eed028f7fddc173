package subscriber

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// log logs the events of sessions, and losses: the first one at once, and then a sum each
// second.
type log struct {
	to *slog.Logger
	// quiet is the time before which no loss is logged.
	quiet time.Time
	// sum has the losses that have yet to be logged.
	sum lossSum
}

// lossSum sums losses, with the details of the last one.
type lossSum struct {
	lost, reports uint64
	session       SessionID
	source        netip.AddrPort
	last          Range
	cause         Cause
}

// lossEvery is the least time between two sums.
const lossEvery = time.Second

// note logs an event that the application takes.
func (l *log) note(ev *Event) {
	if ev.Kind == Message {
		return
	}
	if ev.Kind == Loss {
		l.sum.lost += ev.Lost.Len()
		l.sum.reports++
		l.sum.session, l.sum.source = ev.Session, ev.Source
		l.sum.last, l.sum.cause = ev.Lost, ev.Cause
		if !ev.Received.Before(l.quiet) {
			sum := l.take(ev.Received)
			l.tell(&sum)
		}
		return
	}
	if l.sum.reports > 0 { // losses come before the event
		sum := l.take(ev.Received)
		l.tell(&sum)
	}
	to := l.to.With(sessionAttr(ev.Session), slog.Any("source", ev.Source))
	if ev.Title != nil && ev.Title.Layout.Partitions > 1 {
		to = to.With(slog.Uint64("partition", uint64(ev.Partition)))
	}
	switch ev.Kind {
	case SessionNew:
		to.Info("crier: a session is heard")
	case SessionInquest:
		to.Warn("crier: a publisher isn't heard any more; those that heard it compare what they " +
			"have")
	case SessionSilent:
		text := "crier: a session is silent; its publisher crashed, is cut off, or is suspended"
		if c := ev.Certificate; c != nil && len(c.Live) > 0 {
			text = "crier: a session is silent here; others hear its publisher"
		}
		to.Warn(text, findings(ev.Certificate)...)
	case SessionAmended:
		to.Warn("crier: more is known of a silent session than its last certificate said",
			findings(ev.Certificate)...)
	case SessionResumed:
		to.Warn("crier: a silent session is heard again")
	case SessionMoved:
		to.Info("crier: a session's publisher has changed its address")
	case SessionContested:
		to.Warn("crier: another address speaks for a session, and is not believed")
	case StreamForked:
		to.Warn("crier: offsets were used twice: a publisher began with some that another "+
			"session of its stream had used",
			slog.Any("previous_session", ev.Other),
			"offsets", fmt.Sprintf("%d-%d", ev.Lost.From, ev.Lost.To-1))
	case StreamContested:
		to.Warn("crier: two publishers of the same name run at once",
			slog.Any("other_session", ev.Other))
	case FeedDown:
		to.Warn("crier: a feed isn't heard, while another one is; nothing is lost by that",
			"feed", ev.Feed)
	case FeedUp:
		to.Warn("crier: a feed is heard again", "feed", ev.Feed)
	case Assigned:
		to.Info("crier: a partition is this member's", grantAttrs(ev.Grant)...)
	case Revoking:
		to.Info("crier: a partition is to be given back", grantAttrs(ev.Grant)...)
	case Revoked:
		details := append(grantAttrs(ev.Grant), slog.String("cause", ev.Revocation.String()))
		if ev.Revocation == RevokedLapsed || ev.Revocation == RevokedSuperseded {
			to.Warn("crier: a partition is this member's no longer: its messages may be handed "+
				"out elsewhere as well", details...)
			break
		}
		to.Info("crier: a partition is this member's no longer", details...)
	case NotGranted:
		to.Warn("crier: a publisher grants this member nothing", "cause", refusalText(ev.Refused))
	case SessionEnded:
		to.Info("crier: a session ended", "cause", ev.Cause.String())
	}
}

// due returns the sum of losses, and whether it is time to log it.
func (l *log) due(start time.Time, since func() int64) (lossSum, bool) {
	if l.sum.reports == 0 {
		return lossSum{}, false
	}
	now := start.Add(time.Duration(since()))
	if now.Before(l.quiet) {
		return lossSum{}, false
	}
	return l.take(now), true
}

// take returns the sum of losses, and starts a new one.
func (l *log) take(now time.Time) lossSum {
	sum := l.sum
	l.sum, l.quiet = lossSum{}, now.Add(lossEvery)
	return sum
}

// tell logs a sum of losses. It may block, so the caller must not hold the loop's lock.
func (l *log) tell(sum *lossSum) {
	l.to.Warn("crier: messages are lost", "messages", sum.lost, "reports", sum.reports,
		sessionAttr(sum.session), slog.Any("source", sum.source),
		"last_offsets", fmt.Sprintf("%d-%d", sum.last.From, sum.last.To-1),
		"cause", sum.cause.String())
}

// findings returns what a certificate says, or nothing.
func findings(c *Certificate) []any {
	switch {
	case c == nil:
		return nil
	case len(c.Live) > 0:
		return []any{slog.Int("members", len(c.Live))}
	}
	missing := uint64(0)
	for _, r := range c.Nobody {
		missing += r.Len()
	}
	return []any{
		slog.Int("certificate", c.Number), slog.Int("members", len(c.Members)+c.More),
		slog.Bool("agreed", c.Agreed), slog.Uint64("next_offset", c.NextOffset),
		slog.Uint64("missing_frames", missing), slog.Uint64("lost_messages", c.LostMessages),
	}
}

// refusalText is the reason for which a publisher grants nothing.
func refusalText(r Refusal) string {
	switch r {
	case NameTaken:
		return "another live member of the team has its name; one that ended without a word has " +
			"it for as long as its lease"
	case OtherShare:
		return "the team shares its work in the other way"
	case TooMany:
		return "there are too many teams, or members"
	case NoTeams:
		return "it grants nothing to teams"
	case NoTeam:
		return "the team was forgotten"
	}
	return "it doesn't answer"
}

// grantAttrs returns what a grant says, or nothing.
func grantAttrs(g *Grant) []any {
	if g == nil {
		return nil
	}
	return []any{slog.String("team", g.Team), slog.Uint64("epoch", g.Epoch)}
}

func sessionAttr(id SessionID) slog.Attr { return slog.String("session", id.String()) }
