package subscriber

import (
	"net/netip"

	"crier/multicast"
	"crier/reliable/config"
	"crier/reliable/receive"
	"crier/reliable/topic"
)

// validateTopic checks what is listened to by name.
func (c *Config) validateTopic() error {
	if err := (receive.Topic{Partitions: c.Partitions}).Check(); err != nil {
		return err
	}
	switch {
	case c.Topic == "":
		return nil
	case len(c.Groups) > 1:
		return config.Errorf("Groups", "the topic %s has one home group, and %d are given; give "+
			"one, or none for the groups that follow from the name", c.Topic, len(c.Groups))
	case topic.IsPattern(c.Topic):
		if _, err := topic.ParsePattern(c.Topic); err != nil {
			return config.Errorf("Topic", "%v", err)
		}
		if c.base.IsValid() {
			return config.Errorf("Groups", "the topics that match %s have groups that follow from "+
				"their names: leave out the group %v", c.Topic, c.base)
		}
		return nil
	}
	if err := topic.Check(c.Topic); err != nil {
		return config.Errorf("Topic", "%v", err)
	}
	return nil
}

// validateFeeds checks the feeds and what excludes them.
func (c *Config) validateFeeds() error {
	feeds := multicast.Feeds(c.Feeds)
	if err := feeds.CheckAlone(c.Interface); err != nil || feeds == nil {
		return err
	}
	switch {
	case c.Source.IsValid():
		return config.Errorf("Source", "the source %v is one address, and a publisher has one on "+
			"each feed: leave it out", c.Source)
	case feeds[0].Group.IsValid() && (len(c.Groups) != 1 || c.Groups[0] != feeds[0].Group):
		return config.Errorf("Groups", "the group %v stands beside Feeds with groups of their "+
			"own: leave it out", c.Groups[0])
	}
	return nil
}

// listened returns what the receiver follows by groups, and what by topics.
func (c *Config) listened() (groups []netip.AddrPort, topics []receive.Topic) {
	switch {
	case topic.IsPattern(c.Topic):
		return nil, nil
	case c.Topic != "":
		return nil, []receive.Topic{{Name: c.Topic, Base: c.base, Partitions: c.Partitions}}
	case c.Partitions != nil:
		for _, group := range c.Groups {
			topics = append(topics, receive.Topic{Base: group, Partitions: c.Partitions})
		}
		return nil, topics
	}
	return c.Groups, nil
}
