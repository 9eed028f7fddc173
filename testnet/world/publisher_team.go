package world

// A publisher as the arbiter of its teams.

// tick says to the machine what its lease clock shows.
func (p *Publisher) tick() { p.m.Shift(p.clock.shift(p.w.now)) }

// tellTeams takes what the machine tells of teams.
func (p *Publisher) tellTeams() {
	t := p.m.Teams()
	if t == nil {
		return
	}
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
