package world

import "crier/reliable"

// A publisher as the arbiter of its teams.

// tick says to the machine what its lease clock shows.
func (p *Publisher) tick() { p.m.Shift(p.clock.shift(p.w.now)) }

// tellTeams takes what the machine tells of teams.
func (p *Publisher) tellTeams() {
	t := p.m.Teams()
	if t == nil {
		return
	}
	p.saveTeams()
	for {
		n := t.Poll(p.teamEvents[:])
		if n == 0 {
			return
		}
		for i := range p.teamEvents[:n] {
			ev := &p.teamEvents[i]
			if p.w.cfg.Trace != nil {
				p.w.trace("%v: team %s: %v %s, partition %d, epoch %d, offset %d, attempt %d", p,
					ev.Team, ev.Kind, ev.Member, ev.Partition, ev.Epoch, ev.Offset, ev.Attempt)
			}
			p.w.observeTeamTold(p, ev)
		}
	}
}

// teamFile is where a publisher's process finds the positions of its teams when it starts again. It
// outlives the process.
type teamFile struct {
	saved []reliable.TeamPosition
	due   bool // they are to be saved
}

// saveTeams has the positions of teams saved, after a while.
func (p *Publisher) saveTeams() {
	if p.cfg.SaveTeams == 0 || p.teamFile.due {
		return
	}
	p.teamFile.due = true
	life := p.lives
	p.w.At(p.w.now.Add(p.cfg.SaveTeams), func() {
		if p.lives == life && p.state == running {
			p.teamFile.saved, p.teamFile.due = p.m.TeamPositions(), false
		}
	})
}

// restoreTeams makes the teams known that were saved.
func (p *Publisher) restoreTeams() {
	p.teamFile.due = false
	if list := p.teamFile.saved; len(list) > 0 {
		p.tick()
		p.m.RestoreTeams(list)
		p.w.observeRestored(p, list)
	}
}

// SavedTeams returns the positions of teams that are saved for the publisher.
func (p *Publisher) SavedTeams() []reliable.TeamPosition { return p.teamFile.saved }
