package scenario

import (
	"reflect"
	"strings"
	"time"

	"crier/testnet/link"
)

// Link is a link's treatment of datagrams. Each field but the records is a setting of
// [link.Parse], in its words: a share is 1% or 0.01, a time 2ms, a rate 1Gbit,
// a size 64KiB.
type Link struct {
	// Loss is the share lost at random; Burst SHARE/LENGTH, lost in bursts of so
	// many datagrams on average; Script names the datagrams to lose.
	Loss   string `yaml:"loss,omitempty"`
	Burst  string `yaml:"burst,omitempty"`
	Script string `yaml:"script,omitempty"`
	// Delay is TIME or TIME..TIME, Tail MEAN/MOST of an excess with a heavy tail.
	Delay string `yaml:"delay,omitempty"`
	Tail  string `yaml:"tail,omitempty"`
	// Unordered lets datagrams overtake each other; Reorder SHARE/TIME holds a
	// share back; Duplicate SHARE/TIME delivers a share again; Corrupt damages one.
	Unordered bool   `yaml:"unordered,omitempty"`
	Reorder   string `yaml:"reorder,omitempty"`
	Duplicate string `yaml:"duplicate,omitempty"`
	Corrupt   string `yaml:"corrupt,omitempty"`
	// Rate is the link's speed, Queue the room for datagrams that wait for it.
	Rate  string `yaml:"rate,omitempty"`
	Queue string `yaml:"queue,omitempty"`

	// Lost is a file of 0 and 1, 1 being lost; Delays one of nanoseconds a line,
	// both with a sample each Every of the run, or one a datagram if that is 0.
	Lost   string   `yaml:"lost,omitempty"`
	Delays string   `yaml:"delays,omitempty"`
	Every  Duration `yaml:"every,omitempty"`
	// Noise is a file of radio noise in dBm, a sample each Every: a datagram that is
	// sent while it exceeds Threshold is lost. Of a group, the first member's threshold is the
	// first of Threshold, and the last one's the second.
	Noise     string `yaml:"noise,omitempty"`
	Threshold Levels `yaml:"threshold,omitempty"`
	// Rutgers is the Rutgers ORBIT record: Sender NODE and NoiseDBM choose rows of
	// it, and each member of a group replays one receiver's.
	Rutgers  string `yaml:"rutgers,omitempty"`
	Sender   string `yaml:"sender,omitempty"`
	NoiseDBM int    `yaml:"noise-dbm,omitempty"`
}

// IsZero reports whether the link is perfect.
func (l Link) IsZero() bool { return l == Link{} }

// perMember reports whether the members of a group have links that differ.
func (l *Link) perMember() bool { return l.Noise != "" || l.Rutgers != "" }

// settings are the fields that link.Parse reads, as it wants them.
func (l *Link) settings() string {
	var b strings.Builder
	add := func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(name)
		if value != "" {
			b.WriteString("=" + value)
		}
	}
	for _, s := range []struct{ name, value string }{
		{"loss", l.Loss}, {"burst", l.Burst}, {"script", l.Script}, {"delay", l.Delay},
		{"tail", l.Tail},
		{"reorder", l.Reorder}, {"duplicate", l.Duplicate}, {"corrupt", l.Corrupt},
		{"rate", l.Rate}, {"queue", l.Queue},
	} {
		if s.value != "" {
			add(s.name, s.value)
		}
	}
	if l.Unordered {
		add("unordered", "")
	}
	return b.String()
}

// isSetting says which keys of a link link.Parse reads.
func isSetting(key string) bool {
	switch key {
	case "lost", "delays", "every", "noise", "threshold", "rutgers", "sender", "noise-dbm",
		"unordered", "queue", "tail":
		return false // the last two mean nothing alone
	}
	return true
}

// config returns the link without its records.
func (l *Link) config() (link.Config, error) { return link.Parse(l.settings()) }

var linkType = reflect.TypeFor[Link]()

// average is how long a datagram travels on average, as far as a link's settings tell;
// 0 where delays are recorded.
func (l *Link) average() time.Duration {
	cfg, err := l.config()
	if err != nil {
		return 0
	}
	switch d := cfg.Delay.(type) {
	case link.FixedDelay:
		return time.Duration(d)
	case link.UniformDelay:
		return (d.Min + d.Max) / 2
	case link.ParetoDelay:
		return d.Min + d.Mean
	}
	return 0
}

// RoundTrip returns the average way to a group's subscribers and back, without
// queues; 0 where delays are recorded.
func (s *Scenario) RoundTrip(group int) time.Duration {
	g := &s.Subscribers[group]
	if g.Down.Delays != "" || g.Up.Delays != "" {
		return 0
	}
	trip := g.Down.average() + g.Up.average()
	for i := range s.Segments {
		if s.Segments[i].Name == g.Segment {
			trip += s.Segments[i].Link.average()
		}
	}
	return trip
}
