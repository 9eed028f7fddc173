package sim

import (
	"fmt"
	"slices"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
	"crier/cmd/crier/table"
	"crier/reliable"
	"crier/testnet/world"
)

// team is what the members of a team did.
type team struct {
	Name     string    `json:"name"`
	Share    string    `json:"share"`           // partition, or message
	Members  []*worker `json:"members"`         // in the order in which they were listed
	Messages uint64    `json:"messages"`        // that were handed out
	Twice    uint64    `json:"messages_twice"`  // of these, those that were more than once
	GivenUp  uint64    `json:"given_up"`        // messages that no attempt had done
	Lapsed   uint64    `json:"members_lapsed"`  // leases of members that ran out
	Released uint64    `json:"partitions_back"` // partitions that were given back
	// HandOver is the time for which messages of a partition waited for its next member.
	HandOver *quantiles `json:"hand_over_ns"`

	handOver hist.Histogram
	streams  map[*world.Session]*turns
}

// worker is a member of a team, all its lives together.
type worker struct {
	Name      string `json:"name"`
	HandedOut uint64 `json:"handed_out"` // messages
	Marked    uint64 `json:"marked"`     // of these, those that may have been done before
	Done      uint64 `json:"done"`       // messages that its application was done with
	LetGo     uint64 `json:"let_go"`     // given back, to be granted again
	Withheld  uint64 `json:"withheld"`   // not handed out, since they were its own no longer
	Assigned  uint64 `json:"assigned"`   // times at which it got a partition
	Lost      uint64 `json:"lost"`       // reported lost
}

// turns are those of a team's members in a stream.
type turns struct {
	times []uint8 // how often each message was handed out, from the first offset on
	last  *worker // that had the last message
	free  reliable.Time
}

// teamOf returns the results of a member's team, and those of the member.
func (m *meter) teamOf(sub *world.Subscriber) (*team, *worker) {
	cfg := sub.Config().Team
	t := m.teamNamed(cfg.Team)
	if t == nil {
		t = &team{Name: cfg.Team, Share: cfg.Share.String(), streams: map[*world.Session]*turns{}}
		m.r.Teams = append(m.r.Teams, t)
	}
	name := sub.String()
	i := slices.IndexFunc(t.Members, func(one *worker) bool { return one.Name == name })
	if i < 0 {
		i = len(t.Members)
		t.Members = append(t.Members, &worker{Name: name})
	}
	return t, t.Members[i]
}

func (m *meter) teamNamed(name string) *team {
	for _, t := range m.r.Teams {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// watchTeams observes the members of teams, if there are any.
func (m *meter) watchTeams(w *world.World) {
	some := false
	for _, sub := range w.Subscribers() {
		if sub.InTeam() {
			m.teamOf(sub)
			some = true
		}
	}
	if !some {
		return
	}
	w.Observe(world.Observer{
		Told: m.handedOut,
		Finished: func(sub *world.Subscriber, g *reliable.Grant, _ uint64, _ error) {
			t, one := m.teamOf(sub)
			one.Done++
			t.turns(m.session(g.Session, g.Partition)).free = w.Now()
		},
		LetGo: func(sub *world.Subscriber, _ *reliable.Grant, _ uint64, _ time.Duration, _ error) {
			_, one := m.teamOf(sub)
			one.LetGo++
		},
		Withheld: func(sub *world.Subscriber, _ *reliable.Event) {
			_, one := m.teamOf(sub)
			one.Withheld++
		},
		TeamTold: m.teamTold,
	})
}

// turns returns those of a stream.
func (t *team) turns(s *world.Session) *turns {
	if t.streams[s] == nil {
		t.streams[s] = &turns{}
	}
	return t.streams[s]
}

// handedOut follows what members are told.
func (m *meter) handedOut(sub *world.Subscriber, ev *reliable.Event) {
	if !sub.InTeam() {
		return
	}
	t, one := m.teamOf(sub)
	switch ev.Kind {
	case reliable.Assigned:
		one.Assigned++
	case reliable.Loss:
		one.Lost += ev.Lost.Len()
	case reliable.Message:
		s, now := m.session(ev.Session, ev.Partition), m.run.World().Now()
		turns := t.turns(s)
		i := int(ev.Offset - s.FirstOffset)
		for len(turns.times) <= i {
			turns.times = append(turns.times, 0)
		}
		switch turns.times[i] {
		case 0:
			t.Messages++
		case 1:
			t.Twice++
		}
		turns.times[i] = min(turns.times[i]+1, 2)
		one.HandedOut++
		if ev.Attempt() > 1 || ev.Orphan() {
			one.Marked++
		}
		if turns.last != nil && turns.last != one && t.Share == reliable.ByPartition.String() {
			t.handOver.Record(now.Sub(max(turns.free, s.AcceptedAt(ev.Offset))))
		}
		turns.last, turns.free = one, now
	}
}

// teamTold follows what publishers tell of teams.
func (m *meter) teamTold(_ *world.Publisher, ev *reliable.TeamEvent) {
	t := m.teamNamed(ev.Team)
	if t == nil {
		return
	}
	switch ev.Kind {
	case reliable.MessageGivenUp:
		t.GivenUp++
	case reliable.MemberLapsed:
		t.Lapsed++
	case reliable.PartitionReleased:
		t.Released++
	}
}

// teamTable lists what the members of teams did.
func teamTable(r *Result) *table.Table {
	t := &table.Table{Columns: []table.Column{
		{Head: "team", Key: true}, {Head: "member", Key: true}, {Head: "assigned"},
		{Head: "handed out"}, {Head: "marked"}, {Head: "done"}, {Head: "let go"},
		{Head: "withheld"}, {Head: "lost"},
	}}
	for _, one := range r.Teams {
		for i, w := range one.Members {
			name := one.Name
			if i > 0 {
				name = ""
			}
			t.Add(name, w.Name, cli.Grouped(w.Assigned), cli.Grouped(w.HandedOut),
				cli.Grouped(w.Marked), cli.Grouped(w.Done), cli.Grouped(w.LetGo),
				cli.Grouped(w.Withheld), table.Toned(cli.Bad, w.Lost, cli.Grouped(w.Lost)))
		}
	}
	return t
}

// teamText tells what a team did.
func teamText(t *team) string {
	text := fmt.Sprintf("%s handed out %s, %s of them more than once, and gave up %s", t.Name,
		cli.Counted(t.Messages, "message", "messages"), cli.Grouped(t.Twice),
		cli.Grouped(t.GivenUp))
	if t.Lapsed > 0 {
		text += fmt.Sprintf("; %s ran out", cli.Counted(t.Lapsed, "lease", "leases"))
	}
	if q := t.HandOver; q != nil {
		text += fmt.Sprintf("; %s waited for the next member of their partition: p50 %s, longest %s",
			cli.Counted(uint64(q.Count), "message", "messages"),
			cli.Duration(time.Duration(q.P50)), cli.Duration(time.Duration(q.Max)))
	}
	return text
}
