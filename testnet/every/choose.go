package every

import (
	"fmt"

	"crier/reliable"
	"crier/testnet/world"
)

// option is what may be chosen at an event.
type option struct {
	fault Fault    // of its datagram; empty: none
	crash *process // that crashes, or stands still, before it; nil: none
	costs bool     // it counts as a fault
}

// what returns the fault's name, or that of the process that crashes, or stands still.
func (o *option) what() string {
	if o.crash != nil {
		return o.crash.name
	}
	return string(o.fault)
}

// text says in words what was chosen at an event.
func (o *option) text(now reliable.Time, next *world.Next) string {
	at := world.Stamp(now)
	switch {
	case o.crash != nil:
		return at + " " + o.crash.does
	case o.fault == "":
		return ""
	case next.Publisher != nil:
		return fmt.Sprintf("%s %s at %v: %v", at, o.fault, next.Publisher, next.Datagram.Frame)
	}
	return fmt.Sprintf("%s %s at %v: %v", at, o.fault, next.Subscriber, next.Datagram.Frame)
}

// Choose makes the next choice.
func (x *explorer) Choose(next *world.Next) world.Fate {
	x.event++
	if x.over {
		return world.Fate{}
	}
	if x.play.Judge.Err() != nil || x.stop.Load() {
		x.play.World.Halt()
		return world.Fate{}
	}
	if x.play.World.Now() > x.cfg.Scope.Until {
		x.over = true
		x.opts = append(x.opts[:0], option{}) // how it goes on from here
	} else if !x.options(next) && x.replay == nil {
		return world.Fate{}
	}
	if x.replay != nil {
		return x.take(x.replay.option(x, next))
	}
	i := x.depth
	if i == len(x.path) && !x.meet() {
		return world.Fate{}
	}
	n := &x.path[i]
	if n.n != len(x.opts) { // which run reports
		x.over = true
		x.play.World.Halt()
		return world.Fate{}
	}
	x.depth++
	taken := x.option(n)
	if n.told != taken {
		o := &x.opts[taken]
		n.told, n.what, n.text = taken, o.what(), o.text(x.play.World.Now(), next)
	}
	return x.take(&x.opts[taken])
}

// take makes a choice.
func (x *explorer) take(o *option) world.Fate {
	if o.costs {
		x.used++
	}
	if o.crash != nil {
		x.fell++
		o.crash.crash()
	}
	return x.cfg.Scope.fate(o.fault)
}

// meet adds a choice to the path, unless its state was met before.
func (x *explorer) meet() bool {
	n := node{n: len(x.opts), event: x.event}
	if !x.cfg.Unpruned {
		n.sum = x.hash.state(x.play, x.used, x.fell)
		if known, ok := x.memo.get(n.sum); ok && n.sum != (Sum{}) {
			x.leaf = known
			x.play.World.Halt()
			return false
		}
	}
	x.path = append(x.path, n)
	return true
}

// options finds what may be chosen at an event, and reports whether there is a choice.
func (x *explorer) options(next *world.Next) bool {
	x.opts = append(x.opts[:0], option{})
	s := &x.cfg.Scope
	if d := next.Datagram; next.Open && d.Frame != nil {
		if r := s.rule(d.Frame.Kind); r != nil && (r.Free || s.Faults < 0 || x.used < s.Faults) {
			for _, f := range r.Faults {
				x.opts = append(x.opts, option{fault: f, costs: !r.Free && s.Faults >= 0})
			}
		}
	}
	if x.fell < s.Crashes {
		for i := range x.play.procs {
			p := &x.play.procs[i]
			if p.runs() && x.play.World.Now() <= p.until && p.concerns(next) {
				x.opts = append(x.opts, option{crash: p})
			}
		}
	}
	return len(x.opts) > 1
}
