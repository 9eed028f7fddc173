package scenario

import (
	"reflect"
	"slices"
	"time"
)

// Shrink makes a scenario that broke the promise smaller, step by step, as long as it
// still breaks it: fewer events, publishers, groups and subscribers, less time, fewer
// properties. Broken plays a candidate and says whether it does; at most runs
// candidates are played. It returns the smallest that was found, which may be s.
//
// It is greedy delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating
// Failure-Inducing Input", 2002), over the parts of a scenario instead of the
// characters of a text.
func Shrink(s *Scenario, runs int, broken func(*Scenario) bool) *Scenario {
	best := s
	try := func(change func(c *Scenario) bool) bool {
		c := best.Clone()
		if !change(c) || runs == 0 {
			return false
		}
		if _, err := c.validate(); err != nil || c.Text() == best.Text() {
			return false
		}
		runs--
		if !broken(c) {
			return false
		}
		best = c
		return true
	}
	for smaller := true; smaller && runs > 0; {
		smaller = false
		for _, step := range steps(best) {
			smaller = try(step) || smaller
		}
	}
	return best
}

// steps are the changes to try, the ones that save most first. They are made for the
// scenario as it is: later ones may find less of it, and then do nothing.
func steps(s *Scenario) []func(*Scenario) bool {
	var list []func(*Scenario) bool
	add := func(f func(*Scenario) bool) { list = append(list, f) }
	for i := len(s.Events) - 1; i >= 0; i-- {
		add(func(c *Scenario) bool { return cut(&c.Events, i, 0) })
	}
	for i := len(s.Subscribers) - 1; i >= 0; i-- {
		add(func(c *Scenario) bool {
			return cut(&c.Subscribers, i, 1) &&
				c.forget(s.Subscribers[i].Name)
		})
	}
	for i := len(s.Publishers) - 1; i >= 0; i-- {
		add(func(c *Scenario) bool {
			return cut(&c.Publishers, i, 1) &&
				c.forget(s.Publishers[i].Name)
		})
	}
	for i := range s.Subscribers {
		for _, by := range []int{100, 10, 2} {
			add(func(c *Scenario) bool {
				if i >= len(c.Subscribers) || c.Subscribers[i].Count < 2 {
					return false
				}
				c.Subscribers[i].Count = max(c.Subscribers[i].Count/by, 1)
				return c.forgetMissing()
			})
		}
	}
	add(func(c *Scenario) bool { return halve(&c.Duration) })
	add(func(c *Scenario) bool {
		longest := 0
		for i := range c.Events {
			longest = max(longest, c.Events[i].Times)
			if c.Events[i].Times = c.Events[i].Times / 2; c.Events[i].Times < 2 {
				c.Events[i].Times, c.Events[i].Every = 0, 0
			}
		}
		return longest > 1
	})
	for i := len(s.Segments) - 1; i >= 0; i-- {
		add(func(c *Scenario) bool { return c.dropSegment(s.Segments[i].Name) })
	}
	for i := range s.Publishers {
		add(func(c *Scenario) bool {
			if i >= len(c.Publishers) || c.Publishers[i].Rate.N < 2 {
				return false
			}
			c.Publishers[i].Rate.N /= 2
			return true
		})
	}
	// Each property by itself goes back to its default.
	for i := range s.Publishers {
		kept := []string{"name", "topic", "rate", "feed", "format", "split"}
		each(s.Publishers[i], kept, func(field int) {
			add(func(c *Scenario) bool {
				return i < len(c.Publishers) &&
					clear(&c.Publishers[i], field)
			})
		})
	}
	for i := range s.Subscribers {
		each(s.Subscribers[i], []string{"name", "topic"}, func(field int) {
			add(func(c *Scenario) bool {
				return i < len(c.Subscribers) &&
					clear(&c.Subscribers[i], field)
			})
		})
		for _, link := range []func(g *Group) *Link{func(g *Group) *Link { return &g.Down },
			func(g *Group) *Link { return &g.Up }} {
			each(*link(&s.Subscribers[i]), nil, func(field int) {
				add(func(c *Scenario) bool {
					return i < len(c.Subscribers) &&
						clear(link(&c.Subscribers[i]), field)
				})
			})
		}
	}
	for i := range s.Segments {
		each(s.Segments[i].Link, nil, func(field int) {
			add(func(c *Scenario) bool {
				return i < len(c.Segments) &&
					clear(&c.Segments[i].Link, field)
			})
		})
	}
	add(func(c *Scenario) bool { c.Story = ""; return true })
	return list
}

// cut removes the i-th of a list that must keep so many.
func cut[T any](list *[]T, i, keep int) bool {
	if i >= len(*list) || len(*list) <= keep {
		return false
	}
	*list = slices.Delete(*list, i, i+1)
	return true
}

// halve halves a time of more than a moment.
func halve(d *Duration) bool {
	if d.d() < 2*time.Millisecond {
		return false
	}
	*d = Duration((d.d() / 2).Truncate(time.Millisecond))
	return true
}

// each calls f for the fields of a struct that are set, but for those named.
func each(v any, but []string, f func(field int)) {
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		if !value.Field(i).IsZero() && !slices.Contains(but, keyOf(value.Type().Field(i))) {
			f(i)
		}
	}
}

// clear sets a field of a struct to its zero value.
func clear(v any, field int) bool {
	f := reflect.ValueOf(v).Elem().Field(field)
	if f.IsZero() {
		return false
	}
	f.SetZero()
	return true
}

// forget removes a name from the events; those that are about nobody else go with it.
func (s *Scenario) forget(name string) bool {
	var kept []Event
	for _, e := range s.Events {
		e.Who = slices.DeleteFunc(slices.Clone(e.Who), func(n string) bool { return n == name })
		from := len(e.From)
		e.From = slices.DeleteFunc(slices.Clone(e.From), func(n string) bool { return n == name })
		if len(e.Who) > 0 && (from == 0 || len(e.From) > 0) {
			kept = append(kept, e)
		}
	}
	s.Events = kept
	return s.forgetMissing()
}

// forgetMissing removes the names that nobody has any more.
func (s *Scenario) forgetMissing() bool {
	for _, e := range slices.Clone(s.Events) {
		for _, name := range slices.Concat(e.Who, e.From) {
			if s.kind(name) == "" {
				return s.forget(name)
			}
		}
	}
	return true
}

// dropSegment takes a segment away from under its groups.
func (s *Scenario) dropSegment(name string) bool {
	i := slices.IndexFunc(s.Segments, func(g Segment) bool { return g.Name == name })
	if i < 0 {
		return false
	}
	s.Segments = slices.Delete(s.Segments, i, i+1)
	for k := range s.Subscribers {
		if s.Subscribers[k].Segment == name {
			s.Subscribers[k].Segment = ""
		}
	}
	return s.forget(name)
}
