package every

import (
	"fmt"
	"strings"

	"crier/testnet/world"
)

// A Schedule says which choices were made: all others were that nothing happens.
type Schedule []Made

// Made is the n-th choice of a schedule, from 0.
type Made struct {
	N, Option int
	// Text says what was chosen, for readers.
	Text string
}

// String returns the schedule as Parse reads it.
func (s Schedule) String() string {
	if len(s) == 0 {
		return "none"
	}
	var b strings.Builder
	for i, m := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d=%d", m.N, m.Option)
	}
	return b.String()
}

// Words says in words which choices were made, a line each.
func (s Schedule) Words() string {
	if len(s) == 0 {
		return "  nothing happens\n"
	}
	var b strings.Builder
	for _, m := range s {
		fmt.Fprintf(&b, "  %s\n", m.Text)
	}
	return b.String()
}

// Parse reads a Schedule.
func Parse(text string) (s Schedule, err error) {
	if text == "none" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		var m Made
		if n, err := fmt.Sscanf(part, "%d=%d", &m.N, &m.Option); n != 2 || err != nil ||
			m.N < 0 || m.Option < 1 || len(s) > 0 && s[len(s)-1].N >= m.N {
			return nil, fmt.Errorf("every: %q is no choice of a schedule: write them in order, "+
				"such as 3=1,17=2", part)
		}
		s = append(s, m)
	}
	return s, nil
}

// replay is a schedule that is played once more.
type replay struct {
	schedule Schedule
	made     int // of its choices
	wrong    error
	// each, if set, is called at each choice, with what may be chosen.
	each func(n int, opts []option, next *world.Next)
}

// Replay plays one schedule of a Game, and returns what it breaks, or nil, and why it couldn't
// be played. Trace gets a line for each thing that happens.
func Replay(g *Game, cfg Config, s Schedule, trace func(line string)) (broken, err error) {
	x := newExplorer(g, &cfg)
	x.replay = &replay{schedule: s}
	broken, err = x.playOne(trace)
	if err == nil {
		err = x.replay.wrong
	}
	if left := s[x.replay.made:]; err == nil && broken == nil && len(left) > 0 {
		err = fmt.Errorf("every: the schedule has a choice %d, and the world %q offers %d",
			left[0].N, g.Name, x.depth)
	}
	return broken, err
}

// option returns the option that the schedule takes at the next choice.
func (r *replay) option(x *explorer, next *world.Next) *option {
	if r.each != nil {
		r.each(x.depth, x.opts, next)
	}
	n := x.depth
	x.depth++
	if r.made == len(r.schedule) || r.schedule[r.made].N != n {
		return &x.opts[0]
	}
	m := &r.schedule[r.made]
	r.made++
	if m.Option >= len(x.opts) {
		r.wrong = fmt.Errorf("every: the schedule takes option %d at choice %d, and there are %d",
			m.Option, n, len(x.opts))
		return &x.opts[0]
	}
	m.Text = x.opts[m.Option].text(x.play.World.Now(), next)
	return &x.opts[m.Option]
}
