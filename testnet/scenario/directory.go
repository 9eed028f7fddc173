package scenario

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/topic"
	"crier/testnet/world"
)

// Announcer is a number of processes that announce a topic each: publishers, as far as the
// directory goes.
type Announcer struct {
	// Name is its name in traces; of several, each is NAME-0, NAME-1 and so on, and its topic
	// TOPIC.0, TOPIC.1 and so on.
	Name  string `yaml:"name"`
	Count int    `yaml:"count,omitempty"`
	// At is when the first starts, Every how much later each further one.
	At    Duration `yaml:"at,omitempty"`
	Every Duration `yaml:"every,omitempty"`
	// Topic is its topic, in Partitions over Groups.
	Topic      string `yaml:"topic"`
	Partitions int    `yaml:"partitions,omitempty"`
	Groups     int    `yaml:"groups,omitempty"`
	// Down is the way to each.
	Down Link `yaml:"down,omitempty"`
}

// Lister is a process that lists the topics that match a pattern.
type Lister struct {
	Name string `yaml:"name"`
	// At is when it asks.
	At      Duration `yaml:"at,omitempty"`
	Pattern string   `yaml:"pattern,omitempty"`
	// Down is the way to it.
	Down Link `yaml:"down,omitempty"`
}

// MaxAnnouncers bounds the processes that announce, MaxListers those that list.
const (
	MaxAnnouncers = 10_000
	MaxListers    = 100
)

// size is how many there are.
func (a *Announcer) size() int { return max(a.Count, 1) }

// member returns the name and topic of the k-th.
func (a *Announcer) member(k int) (name, topic string) {
	if a.size() == 1 {
		return a.Name, a.Topic
	}
	return fmt.Sprintf("%s-%d", a.Name, k), fmt.Sprintf("%s.%d", a.Topic, k)
}

func (a *Announcer) validate() (string, error) {
	if a.Count < 0 || a.Count > MaxAnnouncers {
		return ".count", fmt.Errorf("%d are outside 1 to %d", a.Count, MaxAnnouncers)
	}
	_, name := a.member(a.size() - 1)
	if err := topic.Check(name); err != nil {
		return ".topic", err
	}
	if _, err := (topic.Layout{Partitions: a.Partitions, Groups: a.Groups}).Complete(); err != nil {
		return keyed(err)
	}
	if err := a.Down.validate(); err != nil {
		return ".down", err
	}
	return "", nil
}

// pattern returns the lister's pattern; all topics where nothing is said.
func (l *Lister) pattern() (topic.Pattern, error) {
	if l.Pattern == "" {
		return topic.ParsePattern("*")
	}
	return topic.ParsePattern(l.Pattern)
}

func (l *Lister) validate() (string, error) {
	if _, err := l.pattern(); err != nil {
		return ".pattern", err
	}
	if err := l.Down.validate(); err != nil {
		return ".down", err
	}
	return "", nil
}

// validateDirectory returns the first rule that the directory's processes break.
func (s *Scenario) validateDirectory(name func(path, name string) error) (string, error) {
	total := 0
	for i := range s.Announcers {
		path := fmt.Sprintf("announcers[%d]", i)
		if err := name(path, s.Announcers[i].Name); err != nil {
			return path, err
		}
		if where, err := s.Announcers[i].validate(); err != nil {
			return path + where, fmt.Errorf("%s%s: %w", path, where, err)
		}
		if total += s.Announcers[i].size(); total > MaxAnnouncers {
			return path, fmt.Errorf("there are %d announcers and more, and may be %d", total,
				MaxAnnouncers)
		}
	}
	for i := range s.Listers {
		path := fmt.Sprintf("listers[%d]", i)
		if err := name(path, s.Listers[i].Name); err != nil {
			return path, err
		}
		if where, err := s.Listers[i].validate(); err != nil {
			return path + where, fmt.Errorf("%s%s: %w", path, where, err)
		}
		if i >= MaxListers {
			return path, fmt.Errorf("there are %d listers, and may be %d", len(s.Listers),
				MaxListers)
		}
	}
	return "", nil
}

// addDirectory adds the directory's processes to the World.
func (r *Run) addDirectory() error {
	for i := range r.s.Announcers {
		a := &r.s.Announcers[i]
		for k := range a.size() {
			down, err := r.records.link(&a.Down, k, a.size())
			if err != nil {
				return fmt.Errorf("%s: announcer %s: down: %w", r.s.Name, a.Name, err)
			}
			name, topicName := a.member(k)
			_, err = r.w.AddEntry(world.EntryConfig{
				Name: name, Topic: topicName, Link: down,
				Layout: topic.Layout{Partitions: a.Partitions, Groups: a.Groups},
				At:     reliable.Time(a.At.d() + a.Every.d()*time.Duration(k)),
			})
			if err != nil {
				return fmt.Errorf("%s: announcer %s: %w", r.s.Name, a.Name, err)
			}
		}
	}
	for i := range r.s.Listers {
		l := &r.s.Listers[i]
		down, err := r.records.link(&l.Down, 0, 1)
		if err != nil {
			return fmt.Errorf("%s: lister %s: down: %w", r.s.Name, l.Name, err)
		}
		pattern, _ := l.pattern() // validate has seen it
		_, err = r.w.AddLister(world.ListerConfig{Name: l.Name, At: reliable.Time(l.At),
			Pattern: pattern, Link: down})
		if err != nil {
			return fmt.Errorf("%s: lister %s: %w", r.s.Name, l.Name, err)
		}
	}
	return nil
}
