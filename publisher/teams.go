package publisher

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/team"
)

// Teams configures how messages are shared among subscribers that are members of teams. The zero
// value grants messages to whoever joins one.
type Teams struct {
	// Off refuses all members.
	Off bool
	// Lease is for how long a member holds what it was granted without hearing from the
	// publisher, from 200 ms to a minute; 0 means 2 s. Another one takes the place of a member
	// that died once a lease and a 16th of it have passed.
	Lease time.Duration
	// WorkTime is how long a member may work on a message, where work is shared by message,
	// before another one gets it, from 10 ms to a day; 0 means 30 s.
	WorkTime time.Duration
	// Attempts is how often a message is granted, where work is shared by message, before it is
	// given up; 0 means 5.
	Attempts int
	// Expiry is how long a team without members is kept; 0 means for as long as the session.
	Expiry time.Duration
	// State, if not nil, keeps how far the teams are, each 100 ms and at the end, so that a
	// publisher that starts again finds it: see FileTeams. With Continue its teams go on where
	// they were; without, they begin with the new session, and epochs go on growing. Nil: a team
	// is known for as long as the session.
	State TeamStore
}

// config returns the configuration of the arbiter.
func (t *Teams) config() team.Config {
	return team.Config{Off: t.Off, Lease: t.Lease, WorkTime: t.WorkTime, Attempts: t.Attempts,
		Expiry: t.Expiry}
}

// take takes over the defaults.
func (t *Teams) take(c team.Config) {
	t.Lease, t.WorkTime, t.Attempts, t.Expiry = c.Lease, c.WorkTime, c.Attempts, c.Expiry
}

// teams tells what happens to teams. It has a goroutine of its own once there is one.
type teams struct {
	p *Publisher
	// running says that the goroutine runs. The loop's lock guards it.
	running bool
	// ready says that there may be events.
	ready chan struct{}
	// saved are the positions that were saved last, and failed the error since. The goroutine
	// owns them.
	saved  []TeamPosition
	failed error
	// unkept says that it was told that there is no store. The goroutine owns it once it runs.
	unkept bool
	// spare are the teams of which it was told that they have more members than partitions.
	spare []string
	// lines bounds what is logged of members. The goroutine owns it.
	lines teamLines
	// givenUp are the first messages that teams gave up. The loop's lock guards it.
	givenUp []GivenUp
}

func newTeams(p *Publisher) teams { return teams{p: p, ready: make(chan struct{}, 1)} }

// look starts the goroutine once there is a team, and wakes it when something has happened. The
// caller holds the lock.
func (t *teams) look() {
	a := t.p.sender.Teams()
	if a == nil {
		return
	}
	if !t.running && !t.p.stopping {
		t.running = true
		t.p.working.Go(t.run)
	}
	if !a.HasEvents() {
		return
	}
	select {
	case t.ready <- struct{}{}:
	default:
	}
}

// saveTeamsEvery is the least time between two saves.
const saveTeamsEvery = 100 * time.Millisecond

// run tells events, and saves positions, until the Publisher stops.
func (t *teams) run() {
	var tick <-chan time.Time
	if t.p.cfg.Teams.State != nil {
		ticker := time.NewTicker(saveTeamsEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-t.ready:
			t.tell()
		case <-tick:
			t.save()
		case <-t.p.stopped:
			t.tell()
			t.tellLeftOut()
			t.failed = nil // so that it is told again
			t.save()
			t.tellUndone()
			return
		}
	}
}

// tellUnkept logs, once, that there is no store.
func (t *teams) tellUnkept(level slog.Level) {
	if t.p.cfg.Teams.State != nil || t.unkept {
		return
	}
	t.unkept = true
	t.p.cfg.Logger.Log(context.Background(), level,
		"crier: nothing keeps how far teams are: after a restart of the publisher "+
			"they begin anew", "hint", "give a file for it by Teams.State (crier pub --team-state)")
}

// tellSpare logs, once a team, that members have nothing to do as there are fewer partitions.
func (t *teams) tellSpare(name string) {
	partitions := len(t.p.lanes.list)
	for _, s := range t.p.TeamStates() {
		if s.Team == name && s.Share == reliable.ByPartition && s.Members > partitions &&
			!slices.Contains(t.spare, name) {
			t.spare = append(t.spare, name)
			t.p.cfg.Logger.Warn("crier: the team has more members than there are partitions: the "+
				"others are spare, and take over from one that ends", "team", name,
				"members", s.Members, "partitions", partitions, "hint", "publish with more "+
					"Partitions (crier pub --partitions), or share by message")
		}
	}
}

// positions returns how far the teams are.
func (t *teams) positions() []TeamPosition {
	t.p.loop.Lock()
	defer t.p.loop.Unlock()
	return t.p.sender.TeamPositions()
}

// save saves the positions if they have moved. An error is told once.
func (t *teams) save() {
	store := t.p.cfg.Teams.State
	if store == nil {
		return
	}
	now := t.positions()
	if t.failed == nil && slices.EqualFunc(now, t.saved, samePosition) {
		return
	}
	err := store.Save(now)
	if err != nil && (t.failed == nil || err.Error() != t.failed.Error()) {
		t.p.cfg.Logger.Error("crier: the positions of teams can't be saved: after a restart they "+
			"go on with what was saved last", "error", err)
	}
	if t.failed = err; err == nil {
		t.saved = now
	}
}

// samePosition reports whether two positions are equal.
func samePosition(a, b TeamPosition) bool {
	beyond := slices.Equal(a.Beyond, b.Beyond)
	a.Beyond, b.Beyond = nil, nil
	return beyond && reflect.DeepEqual(a, b)
}

// TeamState is what is known of a team.
type TeamState = team.State

// TeamStates returns what is known of the teams, in the order of their first member.
func (p *Publisher) TeamStates() []TeamState {
	p.loop.Lock()
	defer p.loop.Unlock()
	if a := p.sender.Teams(); a != nil {
		return a.States()
	}
	return nil
}

// GivenUp is a message that a team was granted as often as it may be, and that nobody has done.
type GivenUp struct {
	Team      string
	Partition uint32
	Offset    uint64
	Attempts  uint32
}

// maxGivenUp bounds the messages that are remembered as given up.
const maxGivenUp = 1000

// GivenUp returns the first 1,000 messages that teams gave up, in that order; TeamStates has the
// number of all. It may be called after Close.
func (p *Publisher) GivenUp() []GivenUp {
	p.loop.Lock()
	defer p.loop.Unlock()
	return slices.Clone(p.teams.givenUp)
}

// TeamHolds returns the team that has done the least of the messages that are kept for teams, in
// the partition that has the most of them, and the offset of the first one that it hasn't done.
// It reports false where none are: with another Pace than PaceTeams, or where all is done.
func (p *Publisher) TeamHolds() (holds Undone, ok bool) {
	if p.cfg.Flow.Pace.Kind != reliable.PaceTeams {
		return holds, false
	}
	for _, u := range p.Undone() {
		if u.Next-u.First > holds.Next-holds.First {
			holds, ok = u, true
		}
	}
	return holds, ok
}

// Undone are messages of a partition that a team hasn't done as the session ends, or that an
// earlier session had, and that this one can't serve.
type Undone struct {
	Team      string
	Share     reliable.Share
	Session   SessionID
	Partition uint32
	// First and Next are offsets: those of the first message that isn't done, and behind the
	// last. Some between them may be done: Messages counts those that aren't.
	First, Next uint64
	Messages    uint64
}

// undone returns what is left of a position up to an offset.
func undone(p *TeamPosition, next uint64) (u Undone, ok bool) {
	u = Undone{Team: p.Team, Share: p.Share, Session: p.Session, Partition: p.Partition,
		First: p.Offset, Next: next, Messages: next - min(next, p.Offset)}
	for i := 0; i+1 < len(p.Beyond); i += 2 {
		from, to := max(p.Beyond[i], p.Offset), min(p.Beyond[i+1], next)
		u.Messages -= to - min(to, from)
	}
	return u, u.Messages > 0
}

// Undone returns the messages that teams haven't done, by team and partition. It may be called
// after Close.
func (p *Publisher) Undone() (list []Undone) {
	p.loop.Lock()
	defer p.loop.Unlock()
	for _, at := range p.sender.TeamPositions() {
		if u, ok := undone(&at, p.lanes.list[at.Partition].stream.NextOffset()); ok {
			list = append(list, u)
		}
	}
	return list
}

// tellUndone logs the messages that teams haven't done at the end of the session.
func (t *teams) tellUndone() {
	list := t.p.Undone()
	for _, u := range list[:min(len(list), undoneTold)] {
		t.p.cfg.Logger.Warn("crier: the session ends, and the team hasn't done messages of it",
			"team", u.Team, "partition", u.Partition, "messages", u.Messages,
			"offset", u.First, "next_offset", u.Next)
	}
	t.tellMore(len(list))
}

// tellMore tells of partitions beyond those that are named.
func (t *teams) tellMore(partitions int) {
	if partitions > undoneTold {
		t.p.cfg.Logger.Warn("crier: and so it is in more partitions",
			"partitions", partitions-undoneTold)
	}
}

// undoneTold is the number of partitions that are named in the log.
const undoneTold = 16

// restore makes the teams known that the store has. It names what they haven't done, and what the
// session can't serve.
func (t *teams) restore(list []TeamPosition) {
	p := t.p
	var ours []TeamPosition
	told := 0
	for _, at := range list {
		if int64(at.Partition) >= int64(len(p.lanes.list)) {
			p.cfg.Logger.Warn("crier: the position of a team is of a partition that there isn't "+
				"any more: it is left out", "team", at.Team, "partition", at.Partition,
				"offset", at.Offset, "partitions", len(p.lanes.list))
			continue
		}
		ours = append(ours, at)
		first := p.lanes.list[at.Partition].stream.NextOffset()
		if p.past.in(at.Partition).Session == 0 { // the offsets begin anew
			first = at.Granted
		}
		u, ok := undone(&at, first)
		if !ok {
			continue
		}
		if told++; told <= undoneTold {
			p.cfg.Logger.Warn("crier: the team hasn't done messages of an earlier session, which "+
				"this one doesn't have: recorders may", "team", u.Team,
				"previous_session", u.Session,
				"partition", u.Partition, "messages", u.Messages, "offset", u.First,
				"next_offset", u.Next)
		}
	}
	t.tellMore(told)
	t.saved = list
	p.sender.RestoreTeams(ours)
	if p.cfg.Flow.Pace.Kind == reliable.PaceTeams && !p.cfg.Teams.Off {
		t.tellUnkept(slog.LevelInfo)
	}
}
