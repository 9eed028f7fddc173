package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/store"
	"crier/testnet/world"
)

// Defaults, and limits of a scenario.
const (
	// DefaultSettle is enough for a crashed publisher to fall silent, and for the
	// checker to ask for an end, with links of up to 100 ms.
	DefaultSettle = 12 * time.Second
	// DefaultLead is how long a publisher waits before it publishes.
	DefaultLead = 100 * time.Millisecond
	// MaxSubscribers bounds the subscribers of a scenario, MaxPublishers the
	// publishers, MaxRecorders the recorders, MaxTimes how often events happen, all together,
	// MaxRestarts how often processes start again, each time with a buffer.
	MaxSubscribers = 10_000
	MaxPublishers  = 100
	MaxRecorders   = 100
	MaxTimes       = 1_000_000
	MaxRestarts    = 1_000
	// MaxKeys bounds the keys of a publisher.
	MaxKeys = 1_000_000
)

// validate returns the first rule that s breaks, and the path of the value that breaks it.
func (s *Scenario) validate() (string, error) {
	switch {
	case s.Duration == 0:
		return "duration", errors.New("duration is missing: say how long publishers publish, " +
			"such as 10s")
	case !oneOf(s.End, "close", "stay"):
		return "end", fmt.Errorf("end: %q is neither close nor stay", s.End)
	case len(s.Publishers) == 0:
		return "publishers", errors.New("there are no publishers: list at least one, with its " +
			"name and rate")
	case len(s.Publishers) > MaxPublishers:
		return "publishers", fmt.Errorf("there are %d publishers, and may be %d", len(s.Publishers),
			MaxPublishers)
	case len(s.Subscribers) == 0:
		return "subscribers", errors.New("there are no subscribers: list at least one, with " +
			"its name")
	}
	seen := map[string]bool{}
	name := func(path, name string) error {
		switch {
		case name == "":
			return fmt.Errorf("%s has no name", path)
		case strings.ContainsAny(name, " \t\n@,[].") || strings.Trim(name, "0123456789") == "":
			return fmt.Errorf("%s: %q is not a name: it has a letter, and neither spaces nor any "+
				"of @ , . [ ]", path, name)
		case seen[name]:
			return fmt.Errorf("%s: the name %q is taken already", path, name)
		}
		seen[name] = true
		return nil
	}
	for i := range s.Publishers {
		path := fmt.Sprintf("publishers[%d]", i)
		if err := name(path, s.Publishers[i].Name); err != nil {
			return path, err
		}
		if where, err := s.Publishers[i].validate(); err != nil {
			return path + where, fmt.Errorf("%s%s: %w", path, where, err)
		}
	}
	segments := map[string]bool{}
	for i := range s.Segments {
		path := fmt.Sprintf("segments[%d]", i)
		if err := name(path, s.Segments[i].Name); err != nil {
			return path, err
		}
		segments[s.Segments[i].Name] = true
		if err := s.Segments[i].Link.validate(); err != nil {
			return path + ".link", fmt.Errorf("%s.link: %w", path, err)
		}
	}
	total := 0
	for i := range s.Subscribers {
		g := &s.Subscribers[i]
		path := fmt.Sprintf("subscribers[%d]", i)
		if err := name(path, g.Name); err != nil {
			return path, err
		}
		if where, err := g.validate(segments); err != nil {
			return path + where, fmt.Errorf("%s%s: %w", path, where, err)
		}
		if total += g.size(); total > MaxSubscribers {
			return path, fmt.Errorf("there are %d subscribers and more, and may be %d", total,
				MaxSubscribers)
		}
	}
	for i := range s.Recorders {
		path := fmt.Sprintf("recorders[%d]", i)
		if err := name(path, s.Recorders[i].Name); err != nil {
			return path, err
		}
		if where, err := s.Recorders[i].validate(segments); err != nil {
			return path + where, fmt.Errorf("%s%s: %w", path, where, err)
		}
		if i >= MaxRecorders {
			return path, fmt.Errorf("there are %d recorders, and may be %d", len(s.Recorders),
				MaxRecorders)
		}
	}
	if where, err := s.validateDirectory(name); err != nil {
		return where, err
	}
	for i := range s.Publishers {
		path := fmt.Sprintf("publishers[%d]", i)
		if where, err := s.validateAudience(&s.Publishers[i], total); err != nil {
			return path + where, fmt.Errorf("%s%s: %w", path, where, err)
		}
	}
	times, restarts := 0, 0
	for i := range s.Events {
		path := fmt.Sprintf("events[%d]", i)
		if e := &s.Events[i]; e.cuts() && e.For == 0 && !s.healed(e) {
			return path, fmt.Errorf("%s: this %s never ends, and what can't be repaired "+
				"can't be judged: say for how long, or heal it later", path, e.Do)
		}
		if where, err := s.validateEvent(&s.Events[i]); err != nil {
			return path + where, fmt.Errorf("%s%s: %w", path, where, err)
		}
		if times += max(s.Events[i].Times, 1); times > MaxTimes {
			return path, fmt.Errorf("%s: events happen %d times and more in all, and may %d times",
				path, times, MaxTimes)
		}
		if restarts += s.restarts(&s.Events[i]); restarts > MaxRestarts {
			return path, fmt.Errorf("%s: processes start again %d times and more in all, and may "+
				"%d times", path, restarts, MaxRestarts)
		}
	}
	return "", nil
}

func oneOf(text string, words ...string) bool { return text == "" || slices.Contains(words, text) }

func (p *Publisher) validate() (string, error) {
	switch {
	case p.Feed == "" && p.Rate.IsZero():
		return "", errors.New("it publishes nothing: give a rate, such as 1000/s, or a feed")
	case p.Feed != "" && !p.Rate.IsZero():
		return ".rate", errors.New("a feed has its own pace: leave out the rate, or change its " +
			"speed")
	case p.Feed == "" && (p.Format != "" || p.Split != "" || len(p.Only) > 0 || p.MaxGap != 0 ||
		p.Speed != 0):
		return "", errors.New("format, split, only, max-gap and speed are of a feed, and there " +
			"is none")
	case p.Feed != "" && (p.Burst != 0 || len(p.Size) > 0):
		return "", errors.New("burst and size are of made-up messages, and there is a feed")
	case p.Burst < 0 || p.Burst > 1_000_000:
		return ".burst", fmt.Errorf("%d messages at once are outside 1 to 1000000", p.Burst)
	case p.SocketQueue < 0:
		return ".socket-queue", errors.New("it must not be negative")
	case p.WaitFor < 0:
		return ".wait-for", errors.New("it must not be negative")
	case p.Topic == "" && (p.Partitions > 1 || p.Groups > 1):
		return ".topic", errors.New("partitions and groups are of a topic, and there is none: give " +
			"its name")
	case p.Keys < 0 || p.Keys > MaxKeys:
		return ".keys", fmt.Errorf("%d keys are outside 1 to %d", p.Keys, MaxKeys)
	case p.Headers < 0 || p.Headers > frame.MaxHeaders:
		return ".headers", fmt.Errorf("%d headers are outside 1 to %d", p.Headers, frame.MaxHeaders)
	case p.Feeds < 0 || p.Feeds > world.MaxFeeds:
		return ".feeds", fmt.Errorf("%d feeds are outside 1 to %d", p.Feeds, world.MaxFeeds)
	case p.Disk != 0 && p.Pace.IsZero():
		return ".disk", errors.New("nothing goes to disk where nobody's pace counts: say whose " +
			"with pace, such as slowest")
	case p.StallTimeout != 0 && p.Pace.IsZero():
		return ".stall-timeout", errors.New("nobody holds the others where nobody's pace " +
			"counts: say whose with pace, such as slowest")
	case p.DiskWait != 0 && p.Disk == 0:
		return ".disk-wait", errors.New("there is no disk: say with disk how much it keeps")
	case !oneOf(p.Teams, "on", "off"):
		return ".teams", fmt.Errorf("%q is neither on nor off", p.Teams)
	case !oneOf(p.Format, "lines", "timed", "len", "pcap"):
		return ".format", fmt.Errorf("%q is not known: use lines, timed, len or pcap", p.Format)
	case !oneOf(p.Split, "iextp", "moldudp64"):
		return ".split", fmt.Errorf("%q is not known: use iextp or moldudp64", p.Split)
	}
	cfg := p.sender()
	cfg.Session = 1
	_, err := cfg.Complete()
	return keyed(err)
}

// keys are the keys of a scenario for the fields of a Sender's and a Receiver's Config.
var keys = map[string]string{
	"Topic": "topic", "Partitions": "partitions", "Groups": "groups",
	"Name": "name", "Datagram": "datagram", "BatchWait": "batch-wait",
	"Retention.ResendBuffer": "resend-buffer", "Retention.Disk": "disk",
	"Flow.Pace": "pace", "Flow.WhenFull": "when-full", "Flow.StallTimeout": "stall-timeout",
	"Flow.WaitFor": "wait-for", "Flow.MaxRate": "max-rate",
	"Repair.Share": "repair-share", "Repair.Floor": "repair-floor",
	"Start": "start", "Order": "order", "Overload": "overload",
	"Recovery.MaxWait": "max-wait", "Recovery.Silence": "silence",
	"Memory.Buffer": "buffer", "Memory.Total": "memory-total",
	"Teams.Lease": "lease", "Teams.WorkTime": "work-time", "Teams.Attempts": "attempts",
	"Teams.Expiry": "team-expiry",
	"Weight":       "weight", "Room": "room", "Window": "window", "Share": "share",
}

// keyed returns the path of the key that is to blame for an error of Complete, and what is
// wrong with it.
func keyed(err error) (string, error) {
	var field *config.Error
	if errors.As(err, &field) {
		if key, ok := keys[field.Field]; ok {
			return "." + key, errors.New(field.Reason)
		}
	}
	return "", err
}

// validateAudience checks that those are there for whom a publisher waits, and whose
// pace counts.
func (s *Scenario) validateAudience(p *Publisher, total int) (string, error) {
	if p.WaitFor > total {
		return ".wait-for", fmt.Errorf("it would wait for %d subscribers without end: there are %d",
			p.WaitFor, total)
	}
	for _, name := range p.Pace.Names {
		if s.kind(name) == "recorder" {
			continue
		}
		if _, n, ok := s.members(name); !ok || n != 1 {
			return ".pace", fmt.Errorf("there is no subscriber or recorder %q whose pace could "+
				"count; of a group of several, name members, such as lan-0", name)
		}
	}
	return "", nil
}

func (g *Group) validate(segments map[string]bool) (string, error) {
	switch {
	case g.Count < 0:
		return ".count", fmt.Errorf("%d subscribers can't be", g.Count)
	case g.Segment != "" && !segments[g.Segment]:
		return ".segment", fmt.Errorf("there is no segment %q: list it under segments", g.Segment)
	case g.History != 0 && g.History < store.MinHistories:
		return ".history", fmt.Errorf("%d bytes are less than 128 KiB", g.History)
	case len(g.Partitions) > 0 && g.Topic == "":
		return ".partitions", errors.New("partitions are of a topic, and there is none: give its " +
			"name")
	case g.WorkUpTo != 0 && g.WorkUpTo <= g.Work:
		return ".work-up-to", fmt.Errorf("%v is not above work, %v: a message takes a random time "+
			"between the two", g.WorkUpTo.d(), g.Work.d())
	case len(g.Feeds) >= world.MaxFeeds:
		return ".feeds", fmt.Errorf("%d further feeds are more than %d", len(g.Feeds),
			world.MaxFeeds-1)
	case !oneOf(g.Recovery, "on", "off"):
		return ".recovery", fmt.Errorf("%q is neither on nor off", g.Recovery)
	case g.SocketQueue < 0:
		return ".socket-queue", errors.New("it must not be negative")
	}
	if where, err := g.validateTeam(); err != nil {
		return where, err
	}
	if err := g.Down.validate(); err != nil {
		return ".down", err
	}
	if err := g.Up.validate(); err != nil {
		return ".up", err
	}
	for i := range g.Feeds {
		if where, err := g.Feeds[i].validate(segments); err != nil {
			return fmt.Sprintf(".feeds[%d]%s", i, where), err
		}
	}
	cfg := g.receiver(0)
	cfg.ID = 1
	if _, err := cfg.Complete(); err != nil {
		return keyed(err)
	}
	_, err := g.part(0).Complete()
	return keyed(err)
}

func (f *Network) validate(segments map[string]bool) (string, error) {
	if f.Segment != "" && !segments[f.Segment] {
		return ".segment", fmt.Errorf("there is no segment %q: list it under segments", f.Segment)
	}
	if err := f.Down.validate(); err != nil {
		return ".down", err
	}
	if err := f.Up.validate(); err != nil {
		return ".up", err
	}
	return "", nil
}

func (l *Link) validate() error {
	if _, err := l.config(); err != nil {
		return errors.New(bare(err))
	}
	losses := 0
	for _, f := range []string{l.Lost, l.Noise, l.Rutgers} {
		if f != "" {
			losses++
		}
	}
	switch {
	case losses > 1:
		return errors.New("lost, noise and rutgers are records of loss: give one of them")
	case l.Noise != "" && l.Every == 0:
		return errors.New("noise needs every, the time from one sample to the next, such as 1ms")
	case l.Every != 0 && l.Lost == "" && l.Delays == "" && l.Noise == "":
		return errors.New("every is of a record, and there is none: give lost, delays or noise")
	case l.Noise == "" && l.Threshold != (Levels{}):
		return errors.New("threshold is of noise, and there is none")
	case l.Rutgers == "" && (l.Sender != "" || l.NoiseDBM != 0):
		return errors.New("sender and noise-dbm choose rows of rutgers, and there is none")
	case l.Rutgers != "" && l.Sender == "":
		return errors.New("rutgers needs a sender, such as 1-2: whose packets its receivers heard")
	case l.Delays != "" && (l.Delay != "" || l.Tail != ""):
		return errors.New("delays are recorded: leave out delay and tail")
	}
	return nil
}

// kind says what a name of the scenario is: publisher, subscriber, recorder or segment; ""
// if nothing.
func (s *Scenario) kind(name string) string {
	for i := range s.Publishers {
		if s.Publishers[i].Name == name {
			return "publisher"
		}
	}
	for i := range s.Segments {
		if s.Segments[i].Name == name {
			return "segment"
		}
	}
	for i := range s.Recorders {
		if s.Recorders[i].Name == name {
			return "recorder"
		}
	}
	if _, _, ok := s.members(name); ok {
		return "subscriber"
	}
	return ""
}

// members finds the subscribers that a name stands for: a group's, or one of them.
func (s *Scenario) members(name string) (first, count int, ok bool) {
	for i := range s.Subscribers {
		g := &s.Subscribers[i]
		if g.Name == name {
			return first, g.size(), true
		}
		if g.size() > 1 && strings.HasPrefix(name, g.Name+"-") {
			for k := range g.size() {
				if name == memberName(g, k) {
					return first + k, 1, true
				}
			}
		}
		first += g.size()
	}
	return 0, 0, false
}

// memberName is the name of a group's k-th member.
func memberName(g *Group, k int) string {
	if g.size() == 1 {
		return g.Name
	}
	return fmt.Sprintf("%s-%d", g.Name, k)
}
