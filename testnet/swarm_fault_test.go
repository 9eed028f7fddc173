package testnet

import (
	"slices"
	"time"

	"crier/reliable"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/random"
	"crier/testnet/world"
)

// faults plans what goes wrong, and when.
func (s *scenario) faults() {
	w := s.w
	for range s.r.Below(6) {
		at := s.when()
		pub := w.Publishers()[s.r.Below(uint64(len(w.Publishers())))]
		sub := w.Subscribers()[s.r.Below(uint64(len(w.Subscribers())))]
		pause := s.pause()
		switch s.r.Below(10) {
		case 0:
			s.plan(at, "%v crashes", pub, pub.Crash)
		case 1:
			s.plan(at, "%v crashes", pub, pub.Crash)
			s.plan(at.Add(pause), "%v restarts", pub, pub.Restart)
		case 2:
			s.plan(at, "%v restarts", pub, pub.Restart)
		case 3, 4:
			s.plan(at, "%v pauses for "+pause.String(), pub, func() { pub.Pause(pause) })
			s.until(at.Add(pause))
		case 5:
			s.plan(at, "%v pauses for "+pause.String(), sub, func() { sub.Pause(pause) })
			s.until(at.Add(pause))
		case 6, 7:
			s.plan(at, "%v is cut off from "+pub.String()+" for "+pause.String(), sub,
				func() { w.Partition(pub, sub) })
			s.plan(at.Add(pause), "", sub, func() { w.Heal(pub, sub) })
		case 8:
			if s.one(2) {
				s.plan(at, "%v leaves", sub, sub.Leave)
			} else {
				s.plan(at, "%v crashes", sub, sub.Crash)
			}
		case 9:
			s.plan(at, "%v closes", pub, pub.Close)
		}
	}
	s.lossy = s.one(4)
}

// moves plans which addresses change, and when, in one of six scenarios.
func (s *scenario) moves(r random.Generator) {
	if r.Below(6) > 0 || s.topics.several() {
		return
	}
	for range 1 + r.Below(3) {
		at := reliable.Time(r.Below(uint64(s.calm)))
		if pub := s.w.Publishers()[r.Below(uint64(len(s.w.Publishers())))]; r.Below(2) == 0 {
			s.plan(at, "%v moves", pub, pub.Move)
		} else {
			sub := s.w.Subscribers()[r.Below(uint64(len(s.w.Subscribers())))]
			s.plan(at, "%v moves", sub, sub.Move)
		}
	}
}

// pause is how long a fault lasts: often longer than the silence.
func (s *scenario) pause() time.Duration {
	if s.one(3) {
		return s.span(time.Second, 8*time.Second)
	}
	return s.span(time.Millisecond, time.Second)
}

func (s *scenario) plan(at reliable.Time, what string, who any, fn func()) {
	if what != "" {
		s.note(world.Stamp(at)+": "+what, who)
	}
	s.w.At(at, fn)
	s.until(at)
}

// until moves the end of faults.
func (s *scenario) until(at reliable.Time) { s.calm = max(s.calm, at+1) }

// run runs the scenario to its end.
func (s *scenario) run(c *checker.Checker) error {
	if s.err != nil {
		return s.err
	}
	w := s.w
	if err := w.Run(s.calm); err != nil {
		return err
	}
	s.rest()
	// Half of the publishers close; slow consumers get time to catch up.
	last := s.calm
	for _, p := range w.Publishers() {
		if s.one(2) {
			p.Flush()
			at := s.calm.Add(s.span(0, time.Second))
			s.plan(at, "%v closes", p, p.Close)
			last = max(last, at)
		}
	}
	drained, err := s.drain(last)
	if err != nil {
		return err
	}
	if err := w.Run(drained + reliable.Time(s.patience(c))); err != nil {
		return err
	}
	if s.err != nil {
		return s.err
	}
	if drained > last {
		s.calm = drained
	}
	if err := c.Finish(s.calm); err != nil {
		return err
	}
	for _, sub := range w.Subscribers() {
		sub.Leave()
	}
	return c.Left()
}

// drain runs from a time on until publishers have sent all that they accepted, as long
// as they get on with it: a rate limit may take minutes. It returns when that was.
func (s *scenario) drain(at reliable.Time) (reliable.Time, error) {
	for before, stands := uint64(0), 0; ; at = at.Add(time.Second) {
		if err := s.w.Run(at); err != nil {
			return at, err
		}
		frames, waits := uint64(0), false
		for _, p := range s.w.Publishers() {
			if p.Running() {
				frames += p.Stats().Frames
				waits = waits || p.Held() > 0 || slices.ContainsFunc(p.Streams(), unsent)
			}
		}
		if stands++; frames != before {
			stands = 0
		}
		if !waits || stands > drainStands {
			return at, nil
		}
		before = frames
	}
}

// unsent reports whether not all that a stream accepted was sent.
func unsent(s *world.Session) bool { return s.SentOffset() < s.NextOffset() }

// drainStands is for how many seconds a publisher that waits may send nothing: longer than
// any stall timeout.
const drainStands = 6

// patience is how long after the last fault everything must be settled for all.
func (s *scenario) patience(c *checker.Checker) time.Duration {
	if s.topics.brief() {
		return c.Patience() + 3*time.Second
	}
	return max(20*time.Second, c.Patience())
}

// rest makes the network calm: links keep their delays, and lose nothing, or
// no more than they did.
func (s *scenario) rest() {
	s.note("calm from %s on, lossy %v", world.Stamp(s.calm), s.lossy)
	for _, p := range s.w.Publishers() {
		for _, sub := range s.w.Subscribers() {
			cfg := sub.Config()
			s.ease(s.w.Down(p, sub), cfg.Down)
			s.ease(s.w.Up(sub, p), cfg.Up)
			for i, f := range cfg.Feeds {
				if l := s.w.FeedDown(p, sub, i+1); l != nil {
					s.ease(l, f.Down)
					s.ease(s.w.FeedUp(sub, p, i+1), f.Up)
				}
			}
		}
		for _, g := range s.w.Segments() {
			s.ease(g.Link(p), g.Config())
		}
	}
}

func (s *scenario) ease(l *link.Link, cfg link.Config) {
	if err := l.Reconfigure(s.eased(cfg)); err != nil {
		s.err = err
	}
	l.SetDown(false)
}

// eased returns how a link behaves when it is calm.
func (s *scenario) eased(cfg link.Config) link.Config {
	if !s.lossy {
		cfg = link.Config{Delay: cfg.Delay, Unordered: cfg.Unordered}
	}
	// Heartbeats come 400 ms apart, so five losses in a row are silence.
	if b, ok := cfg.Loss.(link.Bernoulli); !ok || b.P > 0.05 {
		cfg.Loss = nil
	}
	cfg.Rate, cfg.Queue = 0, 0
	return cfg
}
