package scenario

import (
	"slices"
	"time"

	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/world"
)

// plan lets an event happen when it is due.
func (r *Run) plan(e *Event) {
	n := max(e.Times, 1)
	for i := range n {
		at := reliable.Time(e.At.d() + e.Every.d()*time.Duration(i))
		r.w.At(at, func() { r.happen(e) })
	}
}

// happen is an event.
func (r *Run) happen(e *Event) {
	for _, name := range e.Who {
		switch r.s.kind(name) {
		case "publisher":
			for _, p := range r.producers {
				if p.cfg.Name == name {
					r.happenTo(e, p)
				}
			}
		case "segment":
			r.happenOn(e, r.segments[name])
		case "subscriber":
			first, count, _ := r.s.members(name)
			for i := first; i < first+count; i++ {
				r.happenAt(e, r.subs[i], i-first, count)
			}
		case "recorder":
			for i, rec := range r.recorders {
				if r.s.Recorders[i].Name == name {
					r.happenIn(e, rec)
				}
			}
		}
	}
}

// happenTo is an event at a publisher.
func (r *Run) happenTo(e *Event, p *producer) {
	switch e.Do {
	case "crash":
		p.pub.Crash()
		if e.For > 0 {
			r.w.At(r.w.Now().Add(e.For.d()), p.pub.Restart)
		}
	case "restart":
		p.pub.Restart()
	case "close":
		p.pub.Close()
	case "pause":
		p.pub.Pause(e.For.d())
	case "suspend":
		p.pub.Suspend(e.For.d())
	case "resume":
		p.pub.Resume()
	case "burst":
		p.burst(e.Messages, e.Size)
	}
}

// happenOn is an event on a segment.
func (r *Run) happenOn(e *Event, g *world.Segment) {
	for _, p := range r.from(e) {
		switch e.Do {
		case "lose":
			g.LoseNext(p, max(e.Frames, 1))
		case "link":
			r.become(g.Link(p), e.Link, 0, 1)
		}
	}
}

// happenAt is an event at the i-th of n subscribers.
func (r *Run) happenAt(e *Event, sub *world.Subscriber, i, n int) {
	switch e.Do {
	case "crash":
		sub.Crash()
		r.again(e, sub.Restart)
		return
	case "restart":
		sub.Restart()
		return
	case "leave":
		sub.Leave()
		r.again(e, sub.Restart)
		return
	case "forget-groups":
		sub.Strand(true)
		r.again(e, func() { sub.Strand(false) })
		return
	case "pause":
		sub.Pause(e.For.d())
		return
	case "suspend":
		sub.Suspend(e.For.d())
		return
	case "resume":
		sub.Resume()
		return
	}
	for _, other := range r.fromOthers(e) {
		switch {
		case other == sub:
		case e.Do == "partition":
			r.w.Sever(other, sub)
			r.again(e, func() { r.w.Join(other, sub) })
		case e.Do == "deafen":
			r.w.Deafen(sub, other)
			r.again(e, func() { r.w.Undeafen(sub, other) })
		case e.Do == "mute":
			r.w.Deafen(other, sub)
			r.again(e, func() { r.w.Undeafen(other, sub) })
		default:
			r.w.Join(other, sub)
		}
	}
	if e.Do == "link" && len(e.From) == 0 {
		r.relink(e, sub, i, n)
	}
	for _, p := range r.from(e) {
		switch e.Do {
		case "partition":
			r.w.Partition(p, sub)
			if e.For > 0 {
				r.w.At(r.w.Now().Add(e.For.d()), func() { r.w.Heal(p, sub) })
			}
		case "deafen":
			r.w.Down(p, sub).SetDown(true)
			r.again(e, func() { r.w.Down(p, sub).SetDown(false) })
		case "mute":
			r.w.Up(sub, p).SetDown(true)
			r.again(e, func() { r.w.Up(sub, p).SetDown(false) })
		case "heal":
			r.w.Heal(p, sub)
		case "lose":
			r.w.LoseNext(p, sub, max(e.Frames, 1))
		case "link":
			r.become(r.w.Down(p, sub), e.Down, i, n)
			r.become(r.w.Up(sub, p), e.Up, i, n)
		}
	}
}

// again lets something happen after the event's time, if it has one.
func (r *Run) again(e *Event, do func()) {
	if e.For > 0 {
		r.w.At(r.w.Now().Add(e.For.d()), do)
	}
}

// happenIn is an event at a recorder.
func (r *Run) happenIn(e *Event, rec *world.Recorder) {
	switch e.Do {
	case "lose-power":
		rec.LosePower()
		r.again(e, rec.Restart)
	case "fill":
		rec.Fill(true)
		r.again(e, func() { rec.Fill(false) })
	case "fail":
		rec.Disk().FailWrites(-1)
		r.again(e, func() { rec.Disk().FailWrites(0) })
	case "flip":
		rec.Flip()
	default:
		r.happenAt(e, rec.Subscriber, 0, 1)
	}
}

// relink gives a subscriber's links to and from others than publishers new properties.
func (r *Run) relink(e *Event, sub *world.Subscriber, i, n int) {
	down, up := sub.Aside()
	for _, l := range []struct {
		to  *Link
		cfg *link.Config
	}{{e.Down, &down}, {e.Up, &up}} {
		if l.to != nil {
			cfg, err := r.records.link(l.to, i, n)
			if err != nil {
				r.fail(err)
				return
			}
			*l.cfg = cfg
		}
	}
	if err := sub.Relink(down, up); err != nil {
		r.fail(err)
	}
}

// become gives a link new properties, if there are any.
func (r *Run) become(l *link.Link, to *Link, i, n int) {
	if to == nil {
		return
	}
	cfg, err := r.records.link(to, i, n)
	if err == nil {
		err = l.Reconfigure(cfg)
	}
	if err != nil {
		r.fail(err)
	}
}

// fromOthers are the subscribers and recorders that an event is about, beside those to which it
// happens.
func (r *Run) fromOthers(e *Event) []*world.Subscriber {
	var list []*world.Subscriber
	for _, name := range e.From {
		if first, n, ok := r.s.members(name); ok {
			list = append(list, r.subs[first:first+n]...)
		}
	}
	for i, rec := range r.recorders {
		if slices.Contains(e.From, r.s.Recorders[i].Name) {
			list = append(list, rec.Subscriber)
		}
	}
	return list
}

// from are the publishers that an event is about.
func (r *Run) from(e *Event) []*world.Publisher {
	if len(e.From) == 0 {
		return r.pubs
	}
	var list []*world.Publisher
	for _, name := range e.From {
		for _, p := range r.producers {
			if p.cfg.Name == name {
				list = append(list, p.pub)
			}
		}
	}
	return list
}
