package every

import (
	"fmt"
	"strconv"
	"strings"

	"crier/testnet/world"
)

// A Schedule says which choices were made: all others were that nothing happens.
type Schedule []Made

// Made is a choice.
type Made struct {
	// Event counts the events of the World, from 1: it is the one before which it was made.
	Event int
	// What is the Fault of its datagram, or the process that crashed.
	What string
	// Text says that for readers.
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
		fmt.Fprintf(&b, "%d=%s", m.Event, m.What)
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
		at, what, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(at)
		if err != nil || n < 1 || what == "" || len(s) > 0 && s[len(s)-1].Event >= n {
			return nil, fmt.Errorf("every: %q is no choice of a schedule: write them in order, "+
				"such as 3=lost,17=pub0", part)
		}
		s = append(s, Made{Event: n, What: what})
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
		err = fmt.Errorf("every: the schedule has a choice at event %d, and the world %q offers "+
			"none there", left[0].Event, g.Name)
	}
	return broken, err
}

// option returns the option that the schedule takes before an event.
func (r *replay) option(x *explorer, next *world.Next) *option {
	if r.each != nil {
		r.each(x.event, x.opts, next)
	}
	x.depth++
	if r.made == len(r.schedule) || r.schedule[r.made].Event != x.event {
		return &x.opts[0]
	}
	m := &r.schedule[r.made]
	r.made++
	for i := range x.opts {
		if o := &x.opts[i]; o.what() == m.What {
			m.Text = o.text(x.play.World.Now(), next)
			return o
		}
	}
	r.wrong = fmt.Errorf("every: the schedule takes %q at event %d, which can't be", m.What,
		m.Event)
	return &x.opts[0]
}
