package sub

import (
	"fmt"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/subscriber"
)

// TeamSummary is the part of a Summary of a member of a team. Its partitions are those that the
// member had.
type TeamSummary struct {
	Team    string `json:"team"`    // its name
	Share   string `json:"share"`   // partition or message
	Member  string `json:"member"`  // this one's name
	Tenures uint64 `json:"tenures"` // grants: of partitions, or of messages
	Done    uint64 `json:"done"`    // messages
	Again   uint64 `json:"again"`   // messages with an attempt above 1
	Orphans uint64 `json:"orphans"` // messages of publishers that were silent
	// Refused are the publishers' reasons for granting nothing, as of a not-granted.
	Refused []string `json:"refused,omitempty"`
}

// teamTally is what a tally counts of a team; nil: there is none.
type teamTally struct {
	TeamSummary
	byMessage bool
	held      int // partitions that go on
	// refused are the reasons of publishers that grant nothing, as they are told.
	refused map[subscriber.SessionID]subscriber.Refusal
}

func newTeamTally(o *options, member string) *teamTally {
	t := &teamTally{byMessage: o.share == subscriber.ByMessage,
		refused: make(map[subscriber.SessionID]subscriber.Refusal)}
	t.Team, t.Share, t.Member = o.cfg.Team, o.share.String(), member
	return t
}

// note counts an event of a stream.
func (t *teamTally) note(s *streamTally, ev *subscriber.Event) {
	if t == nil {
		return
	}
	switch ev.Kind {
	case subscriber.Assigned:
		t.Tenures++
		t.hold(s, true)
		if s.mine = true; s.open {
			s.End = "open"
		}
	case subscriber.Revoked:
		t.hold(s, false)
		if s.End == "open" && ev.Revocation != subscriber.RevokedEnded {
			s.End = ev.Revocation.String()
		}
	case subscriber.Message:
		s.mine = true
		if ev.Attempt() > 1 {
			t.Again++
		}
		if ev.Orphan() {
			t.Orphans++
		}
	case subscriber.Loss:
		s.mine = s.mine || ev.Grant != nil
	case subscriber.SessionEnded, subscriber.SessionSilent:
		t.hold(s, false)
	default:
		return
	}
	if s.mine {
		delete(t.refused, ev.Session)
	}
}

// refuse notes that a publisher grants nothing.
func (t *teamTally) refuse(ev *subscriber.Event) {
	if t != nil {
		t.refused[ev.Session] = ev.Refused
	}
}

// hold notes that a partition is held, or no more.
func (t *teamTally) hold(s *streamTally, held bool) {
	if s.held != held {
		if s.held = held; held {
			t.held++
		} else {
			t.held--
		}
	}
}

// allOver reports whether all sessions that were heard have ended, or are silent. Of a team that
// shares by partition, those partitions count that this member has; the end of any tells the
// session's.
func (t *tally) allOver() bool {
	if t.seen == 0 || t.team == nil || t.team.byMessage {
		return t.open == 0 && t.seen > 0
	}
	if t.team.held > 0 {
		return false
	}
	return t.open == 0 || t.everySession(func(s *streamTally) bool { return !s.open })
}

// byeOfAll reports whether each session's publisher of a team said BYE, as far as it was heard.
func (t *tally) byeOfAll() bool {
	return t.team != nil && t.everySession(func(s *streamTally) bool { return s.End == endBye })
}

// everySession reports whether each session has a stream of which something is true.
func (t *tally) everySession(is func(*streamTally) bool) bool {
	some := make(map[subscriber.SessionID]bool)
	for _, s := range t.list {
		some[s.session] = some[s.session] || is(s)
	}
	for _, one := range some {
		if !one {
			return false
		}
	}
	return true
}

// others reports whether an event tells of the silence of a partition that is other members', or
// that it was left, in a session that has ended: its end comes where this member doesn't listen.
func (t *tally) others(ev *subscriber.Event) bool {
	left := ev.Kind == subscriber.SessionEnded && ev.Cause == subscriber.CauseClosed
	if t.team == nil || ev.Kind != subscriber.SessionSilent && !left {
		return false
	}
	if s := t.streams[stream{ev.Session, ev.Partition}]; s == nil || s.mine {
		return false
	}
	for _, s := range t.list {
		if s.session == ev.Session && s.End == endBye {
			return true
		}
	}
	return false
}

// summary completes the summary of a member: others' partitions have no place in it.
func (t *teamTally) summary(sum *Summary, list []*streamTally, st *subscriber.Stats) (unseen int) {
	sum.Sessions = []*SessionSummary{}
	for _, s := range list {
		if !s.mine {
			continue
		}
		sum.Sessions = append(sum.Sessions, &s.SessionSummary)
		if s.End == endSilent && s.Continued == "" {
			unseen++
		}
	}
	t.Done = st.Team.Done
	if t.byMessage {
		t.Tenures = st.Team.Assigned
	}
	for _, one := range t.refused {
		t.Refused = append(t.Refused, events.RefusalWord(one))
	}
	sum.Team = &t.TeamSummary
	return unseen
}

// text returns the line of a team.
func (t *TeamSummary) text() string {
	if t == nil {
		return ""
	}
	granted := cli.Counted(t.Tenures, "tenure", "tenures")
	if t.Share == subscriber.ByMessage.String() {
		granted = cli.Grouped(t.Tenures) + " granted"
	}
	text := fmt.Sprintf("team %s, member %s: %s, %s done", cli.Printable(t.Team),
		cli.Printable(t.Member), granted, cli.Counted(t.Done, "message", "messages"))
	if t.Again > 0 {
		text += fmt.Sprintf("; %s came at an attempt above 1", cli.Grouped(t.Again))
	}
	if t.Orphans > 0 {
		text += fmt.Sprintf("; %s of a publisher that was silent", cli.Counted(t.Orphans,
			"orphan", "orphans"))
	}
	if t.Tenures == 0 {
		text += ": nothing was granted to it"
		if t.Share == subscriber.ByPartition.String() && len(t.Refused) == 0 {
			text += ", a spare"
		}
	}
	return text + "\n"
}

// refusedText returns an error where publishers have refused this member all the time.
func (t *tally) refusedText() error {
	if t.team == nil || t.messages+t.lost > 0 {
		return nil
	}
	for _, one := range t.team.refused {
		return fmt.Errorf("nothing was granted to member %s of team %s: %s",
			cli.Printable(t.team.Member), cli.Printable(t.team.Team), events.RefusalText(one))
	}
	return nil
}
