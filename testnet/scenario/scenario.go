package scenario

import "crier/reliable"

// Scenario is one experiment. It is plain data: the content of a file, with the names and
// in the order of the file.
type Scenario struct {
	// Name is the file's, or the built-in scenario's.
	Name string `yaml:"-"`
	// Story tells its subject and its lesson, in two lines.
	Story string `yaml:"story,omitempty"`
	// Seed decides everything random, where the caller has none of its own.
	Seed uint64 `yaml:"seed,omitempty"`
	// Duration is how long publishers publish, from the start of the run.
	Duration Duration `yaml:"duration"`
	// Settle is how long the run goes on after that, and after the last event, so
	// that all can be repaired or reported: DefaultSettle if 0.
	Settle Duration `yaml:"settle,omitempty"`
	// End is the publishers' action at the end of Duration: close (say BYE), the
	// default, or stay.
	End string `yaml:"end,omitempty"`

	Publishers  []Publisher `yaml:"publishers"`
	Segments    []Segment   `yaml:"segments,omitempty"`
	Subscribers []Group     `yaml:"subscribers"`
	Recorders   []Recorder  `yaml:"recorders,omitempty"`
	Announcers  []Announcer `yaml:"announcers,omitempty"`
	Listers     []Lister    `yaml:"listers,omitempty"`
	Events      []Event     `yaml:"events,omitempty"`
}

// Publisher is a process that publishes, with its messages.
type Publisher struct {
	// Name is its name in events, results and traces.
	Name string `yaml:"name"`
	// At is when its process starts, and Lead how much later it begins to publish, so that
	// the subscribers have heard of it. 0 means DefaultLead.
	At   Duration `yaml:"at,omitempty"`
	Lead Duration `yaml:"lead,omitempty"`

	// Rate is how many messages a second, Burst how many at once, Size how large,
	// Messages how many in all (0: until Duration).
	Rate     Rate   `yaml:"rate,omitempty"`
	Burst    int    `yaml:"burst,omitempty"`
	Size     Sizes  `yaml:"size,omitempty"`
	Messages uint64 `yaml:"messages,omitempty"`
	// Feed is a recorded feed in place of these, at its own pace times Speed: a
	// file, or "market", which is made up. Format and Split say how messages lie
	// in the file, Only which datagrams of a capture are wanted, and MaxGap how long
	// a recorded silence may be, as flags of crier pub do.
	Feed   string   `yaml:"feed,omitempty"`
	Format string   `yaml:"format,omitempty"`
	Split  string   `yaml:"split,omitempty"`
	Only   []string `yaml:"only,omitempty"`
	MaxGap Duration `yaml:"max-gap,omitempty"`
	Speed  Speed    `yaml:"speed,omitempty"`

	// Topic is the name of its stream, Partitions how many streams it is, and Groups how many
	// groups carry them. Messages have one of Keys keys each, which decides its partition, and
	// Headers headers; without keys, partitions take turns. Feeds is how many networks carry
	// the same.
	Topic      string `yaml:"topic,omitempty"`
	Partitions int    `yaml:"partitions,omitempty"`
	Groups     int    `yaml:"groups,omitempty"`
	Keys       int    `yaml:"keys,omitempty"`
	Headers    int    `yaml:"headers,omitempty"`
	Feeds      int    `yaml:"feeds,omitempty"`

	// ResendBuffer bounds the memory for repair, Datagram is the size of a full datagram,
	// and BatchWait is how long a message may wait for others to share it.
	ResendBuffer Size     `yaml:"resend-buffer,omitempty"`
	Datagram     Size     `yaml:"datagram,omitempty"`
	BatchWait    Duration `yaml:"batch-wait,omitempty"`
	// RepairShare is the part of the data rate that repairs may use, RepairFloor
	// the rate that they may use in any case.
	RepairShare Share            `yaml:"repair-share,omitempty"`
	RepairFloor reliable.BitRate `yaml:"repair-floor,omitempty"`
	// Pace says whose pace counts: none, slowest, quorum:N, named:a,b or teams. WhenFull is
	// drop or block, StallTimeout how long one that stands still may hold the others,
	// WaitFor how many subscribers are waited for, Disk the room on disk, and
	// DiskWait how long a read or write takes. MaxRate bounds the traffic.
	Pace         reliable.Pace     `yaml:"pace,omitempty"`
	WhenFull     reliable.WhenFull `yaml:"when-full,omitempty"`
	StallTimeout Duration          `yaml:"stall-timeout,omitempty"`
	WaitFor      int               `yaml:"wait-for,omitempty"`
	Disk         Size              `yaml:"disk,omitempty"`
	DiskWait     Duration          `yaml:"disk-wait,omitempty"`
	MaxRate      reliable.BitRate  `yaml:"max-rate,omitempty"`
	// Write is the processor time of one datagram, SocketQueue how many
	// datagrams wait at its socket while it is paused.
	Write       Duration `yaml:"write,omitempty"`
	SocketQueue int      `yaml:"socket-queue,omitempty"`
	// Clock is by how much its host's lease clock is off.
	Clock Drift `yaml:"clock,omitempty"`
	// Teams says whether it grants work to teams: on or off. Lease is for how long a member holds
	// what it was granted, WorkTime how long one may work on a message, Attempts how often a
	// message is granted, and TeamExpiry how long a team without members is kept.
	Teams      string   `yaml:"teams,omitempty"`
	Lease      Duration `yaml:"lease,omitempty"`
	WorkTime   Duration `yaml:"work-time,omitempty"`
	Attempts   int      `yaml:"attempts,omitempty"`
	TeamExpiry Duration `yaml:"team-expiry,omitempty"`
	// SaveTeams is the time until the positions of teams are saved, for the process that starts
	// again; 0: none is.
	SaveTeams Duration `yaml:"save-teams,omitempty"`
	// Continue says whether a process that starts again goes on with its stream's offsets.
	Continue reliable.Continue `yaml:"continue,omitempty"`
}

// Segment is a part of the network that groups share: its losses are those of all behind
// it.
type Segment struct {
	Name string `yaml:"name"`
	Link Link   `yaml:"link,omitempty"`
}

// Group is a number of subscribers that are alike.
type Group struct {
	// Name is the group's; of several subscribers, each is NAME-0, NAME-1 and so on.
	Name string `yaml:"name"`
	// Count is how many there are; 0 means 1.
	Count int `yaml:"count,omitempty"`
	// At is when the first joins, Every how much later each further one.
	At    Duration `yaml:"at,omitempty"`
	Every Duration `yaml:"every,omitempty"`
	// Segment is the part of the network before their own links.
	Segment string `yaml:"segment,omitempty"`
	// Down and Up are each one's links from and to each publisher.
	Down Link `yaml:"down,omitempty"`
	Up   Link `yaml:"up,omitempty"`
	// Feeds are further networks over which the same comes.
	Feeds []Network `yaml:"feeds,omitempty"`
	// Topic is the topic that each follows, Partitions are those that it wants of it, and
	// JoinDelay is how long it takes to join a group.
	Topic      string     `yaml:"topic,omitempty"`
	Partitions Partitions `yaml:"partitions,omitempty"`
	JoinDelay  Duration   `yaml:"join-delay,omitempty"`
	// Work is how long the application takes for a message, and WorkUpTo the longest time where
	// that is random. Overload is the answer where that is too long: block, buffer, drop-oldest or
	// drop-newest.
	Work     Duration          `yaml:"work,omitempty"`
	WorkUpTo Duration          `yaml:"work-up-to,omitempty"`
	Overload reliable.Overload `yaml:"overload,omitempty"`

	// Team is the name of the team that each is a member of, Share how that divides the topic:
	// partition or message. Weight is a member's part of the work, Room how many messages it takes
	// at once, Window how many of a partition it hands out before they are confirmed, Orphans what
	// becomes of messages that it holds when their publisher is silent: deliver or report.
	Team    string         `yaml:"team,omitempty"`
	Share   reliable.Share `yaml:"share,omitempty"`
	Weight  int            `yaml:"weight,omitempty"`
	Room    int            `yaml:"room,omitempty"`
	Window  int            `yaml:"window,omitempty"`
	Orphans string         `yaml:"orphans,omitempty"`
	// Poison is which of a partition's messages, the last of so many each, its application always
	// gives back, and TellEvery how often it says that it still works.
	Poison    int      `yaml:"poison,omitempty"`
	TellEvery Duration `yaml:"tell-every,omitempty"`

	// Start is where it begins in an older session, and SaveAfter the time until a position
	// that its application acknowledged is saved, for the process that starts again; 0: none
	// is. Order is in-order or on-arrival, Recovery on or off.
	Start     reliable.Start `yaml:"start,omitempty"`
	SaveAfter Duration       `yaml:"save-after,omitempty"`
	Order     reliable.Order `yaml:"order,omitempty"`
	Recovery  string         `yaml:"recovery,omitempty"`
	// MaxWait bounds how long a gap may hold back later messages, Silence is
	// how long a publisher may be quiet.
	MaxWait Duration `yaml:"max-wait,omitempty"`
	Silence Duration `yaml:"silence,omitempty"`
	// History is how much each keeps of what it delivered, for the others once the publisher is
	// gone; 0: nothing, and it holds no inquest.
	History Size `yaml:"history,omitempty"`
	// Buffer bounds the memory for one session, MemoryTotal that for all,
	// SocketQueue how many datagrams wait at the socket of a paused process.
	Buffer      Size `yaml:"buffer,omitempty"`
	MemoryTotal Size `yaml:"memory-total,omitempty"`
	SocketQueue int  `yaml:"socket-queue,omitempty"`
	// Clock is by how much its host's lease clock is off.
	Clock Drift `yaml:"clock,omitempty"`
}

// Network is the way of a group's members to publishers on a further network.
type Network struct {
	Segment string `yaml:"segment,omitempty"`
	Down    Link   `yaml:"down,omitempty"`
	Up      Link   `yaml:"up,omitempty"`
}

// size is how many subscribers the group has.
func (g *Group) size() int { return max(g.Count, 1) }

// Event is something that happens at a time, or several times.
type Event struct {
	// At is when, Every and Times how often it happens again: Times in all.
	At    Duration `yaml:"at"`
	Every Duration `yaml:"every,omitempty"`
	Times int      `yaml:"times,omitempty"`
	// Do is the action: one of Actions.
	Do string `yaml:"do"`
	// Who it happens to: names of publishers, groups, single subscribers or
	// segments.
	Who Names `yaml:"who"`
	// From are the publishers, or other processes, that a partition, deafen, mute, link or lose
	// is
	// about: all publishers if none.
	From Names `yaml:"from,omitempty"`
	// For is how long a pause, a partition or a fault of a disk lasts, and after which a
	// crashed process starts again; 0: until another event ends it.
	For Duration `yaml:"for,omitempty"`
	// Messages are how many a burst has, Size how large each is.
	Messages int   `yaml:"messages,omitempty"`
	Size     Sizes `yaml:"size,omitempty"`
	// Frames are how many DATA frames a lose loses; 0 means 1.
	Frames int `yaml:"frames,omitempty"`
	// Down, Up and Link are the new links.
	Down *Link `yaml:"down,omitempty"`
	Up   *Link `yaml:"up,omitempty"`
	Link *Link `yaml:"link,omitempty"`
}

// Actions are the actions of events.
var Actions = []Action{
	{"crash", "publisher subscriber recorder", "the process ends at once, and with `for` starts " +
		"again after that"},
	{"lose-power", "recorder", "the process ends with its machine: of what its disk hadn't " +
		"synced, any part is lost; with `for` it starts again after that"},
	{"restart", "publisher subscriber recorder", "the process ends, and starts again: a " +
		"publisher with a new session"},
	{"close", "publisher", "the process says BYE, repairs what is missing, and leaves"},
	{"leave", "subscriber recorder", "the process leaves, and with `for` starts again after that"},
	{"pause", "publisher subscriber recorder", "the process stands still, as under SIGSTOP or a " +
		"garbage collector, for `for`"},
	{"suspend", "publisher subscriber recorder", "its host is suspended, as a laptop that is " +
		"closed, for `for`: what is sent to it is lost, and its clock stands still"},
	{"resume", "publisher subscriber recorder", "a paused process, or a suspended host, goes on"},
	{"partition", "subscriber recorder", "the network is cut both ways between it and those " +
		"`from`, for `for`"},
	{"deafen", "subscriber recorder", "it no longer hears those `from`, which may hear it, for " +
		"`for`"},
	{"forget-groups", "subscriber recorder", "switches forget its groups, for `for`: what is " +
		"sent to a group no longer reaches it, and what is sent to it alone does"},
	{"mute", "subscriber recorder", "those `from` no longer hear it, and it may hear them, for " +
		"`for`"},
	{"heal", "subscriber recorder", "the cut ends, both ways"},
	{"link", "subscriber recorder segment", "links become `down` and `up`; a segment's becomes " +
		"`link`"},
	{"lose", "subscriber recorder segment", "the next `frames` DATA frames are lost on the way " +
		"to it"},
	{"burst", "publisher", "`messages` messages of `size` are published at once"},
	{"fill", "recorder", "its disk has no room for more, for `for`"},
	{"fail", "recorder", "each write to its disk fails, for `for`"},
	{"flip", "recorder", "a bit of its log flips"},
}

// Action is an action of an event.
type Action struct {
	Name string // the word for it in a file
	To   string // whom it can happen to: words of publisher, subscriber, recorder, segment
	Does string // a sentence
}

// Files returns the names of the records and feeds that the scenario reads.
func (s *Scenario) Files() []string {
	var list []string
	add := func(names ...string) {
		for _, name := range names {
			if name != "" {
				list = append(list, name)
			}
		}
	}
	link := func(l *Link) {
		if l != nil {
			add(l.Lost, l.Delays, l.Noise, l.Rutgers)
		}
	}
	for i := range s.Publishers {
		if feed := s.Publishers[i].Feed; feed != "market" {
			add(feed)
		}
	}
	for i := range s.Segments {
		link(&s.Segments[i].Link)
	}
	for i := range s.Subscribers {
		link(&s.Subscribers[i].Down)
		link(&s.Subscribers[i].Up)
		for k := range s.Subscribers[i].Feeds {
			link(&s.Subscribers[i].Feeds[k].Down)
			link(&s.Subscribers[i].Feeds[k].Up)
		}
	}
	for i := range s.Recorders {
		link(&s.Recorders[i].Down)
		link(&s.Recorders[i].Up)
	}
	for i := range s.Announcers {
		link(&s.Announcers[i].Down)
	}
	for i := range s.Listers {
		link(&s.Listers[i].Down)
	}
	for i := range s.Events {
		link(s.Events[i].Down)
		link(s.Events[i].Up)
		link(s.Events[i].Link)
	}
	return list
}
