package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

func (s *Scenario) validateEvent(e *Event) (string, error) {
	i := slices.IndexFunc(Actions, func(a Action) bool { return a.Name == e.Do })
	if i < 0 {
		var names []string
		for _, a := range Actions {
			names = append(names, a.Name)
		}
		return ".do", fmt.Errorf("%q is not known: use one of %s", e.Do, strings.Join(names, ", "))
	}
	if len(e.Who) == 0 {
		return ".who", errors.New("who does it happen to? Name a " +
			strings.ReplaceAll(Actions[i].To, " ", " or "))
	}
	for _, name := range e.Who {
		switch kind := s.kind(name); {
		case kind == "":
			return ".who", fmt.Errorf("there is nobody named %q", name)
		case !slices.Contains(strings.Fields(Actions[i].To), kind):
			return ".who", fmt.Errorf("%s is a %s, and %s happens to a %s", name, kind, e.Do,
				strings.ReplaceAll(Actions[i].To, " ", " or "))
		case kind == "segment" && (e.Down != nil || e.Up != nil):
			return "", errors.New("a segment has no down and up: say what its link becomes")
		case (kind == "subscriber" || kind == "recorder") && e.Link != nil:
			return ".link", fmt.Errorf("a %s has two links: say what down and up become", kind)
		}
	}
	for _, name := range e.From {
		kind := s.kind(name)
		if cuts := e.cuts() || e.Do == "heal"; kind != "publisher" &&
			!(cuts && (kind == "recorder" || kind == "subscriber")) {
			return ".from", fmt.Errorf("there is no publisher %q", name)
		}
	}
	only := func(given bool, key string, actions ...string) error {
		if given && !slices.Contains(actions, e.Do) {
			return fmt.Errorf("%s is of %s, not of %s", key, strings.Join(actions, " and "), e.Do)
		}
		return nil
	}
	if err := errors.Join(
		only(e.For != 0, "for", "pause", "suspend", "partition", "deafen", "mute", "crash",
			"lose-power", "fill", "fail", "leave", "forget-groups"),
		only(e.Messages != 0, "messages", "burst"),
		only(len(e.Size) > 0, "size", "burst"),
		only(e.Frames != 0, "frames", "lose"),
		only(len(e.From) > 0, "from", "partition", "deafen", "mute", "heal", "link", "lose"),
		only(e.Down != nil, "down", "link"),
		only(e.Up != nil, "up", "link"),
		only(e.Link != nil, "link", "link"),
	); err != nil {
		return "", err
	}
	switch {
	case e.Do == "forget-groups" && e.For == 0:
		return ".for", errors.New("say for how long, since nothing else ends it")
	case e.Do == "link" && e.Down == nil && e.Up == nil && e.Link == nil:
		return "", errors.New("say what the links become: down, up, or link of a segment")
	case e.Do == "burst" && (e.Messages < 1 || e.Messages > 1_000_000):
		return ".messages", fmt.Errorf("%d messages are outside 1 to 1000000", e.Messages)
	case e.Frames < 0 || e.Frames > 1_000_000:
		return ".frames", fmt.Errorf("%d frames are outside 1 to 1000000", e.Frames)
	case e.Times < 0 || e.Times > MaxTimes:
		return ".times", fmt.Errorf("%d times are outside 1 to %d", e.Times, MaxTimes)
	case (e.Times > 1) != (e.Every > 0):
		return "", errors.New("times and every go together: how often it happens, and the time " +
			"between")
	}
	if e.Times > 1 && e.Every.d() > longest/time.Duration(e.Times) {
		return ".times", errors.New("it goes on for longer than 24h")
	}
	for _, l := range []struct {
		key  string
		link *Link
	}{{".down", e.Down}, {".up", e.Up}, {".link", e.Link}} {
		if l.link != nil {
			if err := l.link.validate(); err != nil {
				return l.key, err
			}
		}
	}
	return "", nil
}

// restarts is how often the event lets processes start again.
func (s *Scenario) restarts(e *Event) (n int) {
	ends := []string{"crash", "lose-power", "leave"}
	if e.Do != "restart" && !(e.For > 0 && slices.Contains(ends, e.Do)) {
		return 0
	}
	for _, name := range e.Who {
		if _, count, ok := s.members(name); ok {
			n += count
		} else {
			n++
		}
	}
	return n * max(e.Times, 1)
}

// cuts reports whether the event is a cut of the network, one way or both.
func (e *Event) cuts() bool { return e.Do == "partition" || e.Do == "deafen" || e.Do == "mute" }

// healed reports whether each side of a partition is named by a later heal.
func (s *Scenario) healed(cut *Event) bool {
	for _, name := range cut.Who {
		if !slices.ContainsFunc(s.Events, func(e Event) bool {
			return e.Do == "heal" && e.At >= cut.At && slices.Contains(e.Who, name) &&
				slices.Equal(e.From, cut.From)
		}) {
			return false
		}
	}
	return true
}

// last is when the last event is over.
func (e *Event) last() time.Duration {
	return e.At.d() + e.Every.d()*time.Duration(max(e.Times-1, 0)) + e.For.d()
}

// calm is when nothing happens any more: neither publishing nor events.
func (s *Scenario) calm() time.Duration {
	calm := s.Duration.d()
	for i := range s.Events {
		calm = max(calm, s.Events[i].last())
	}
	return calm
}

// end is when the run ends.
func (s *Scenario) end() time.Duration {
	if s.Settle != 0 {
		return s.calm() + s.Settle.d()
	}
	return s.calm() + DefaultSettle
}
