package directory

import (
	"math"
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// AnnouncerConfig configures an Announcer.
type AnnouncerConfig struct {
	// Session is the publisher's session. Required.
	Session uint64
	// Seed makes the times random.
	Seed uint64
	// Start is when the session began, and Wall the wall clock then, in Unix nanoseconds.
	Start reliable.Time
	Wall  int64
	// Topic is the topic's name, required, and Layout its layout, which must be complete.
	Topic  string
	Layout topic.Layout
	// Publisher is the publisher's name, Host its machine's, and PID its process there. They may
	// be empty.
	Publisher, Host string
	PID             uint32
	// Control is the publisher's own address, if valid.
	Control netip.AddrPort
	// Facts returns what is new at the publisher. It is called for each announcement, and may be
	// nil.
	Facts func(now reliable.Time) Facts
}

// Facts are the numbers of a publisher that change.
type Facts struct {
	// Bytes and Messages are what it sends in a second.
	Bytes, Messages uint64
	// Subscribers is the number of subscribers that it knows.
	Subscribers int
	// Teams are up to frame.MaxAnnouncedTeams of those that share the topic's messages.
	Teams []Team
}

// Team is a team that shares a topic's messages.
type Team struct {
	Name  string
	Share reliable.Share
	// Members is the number of its members, and Lag that of the messages that it hasn't done.
	Members int
	Lag     uint64
}

// An Announcer announces the topic of one publisher, and answers questions about it.
type Announcer struct {
	cfg     AnnouncerConfig
	roster  roster
	window  window
	dice    dice
	answers answers
	clashes clashes

	// due is when to consider the next announcement, and draw its random part.
	due  reliable.Time
	draw time.Duration
	// last is when the topic was last announced, or when the Announcer began.
	last reliable.Time
	// introduced says that it was announced.
	introduced bool
	// wanted is since when an announcement has been held back, or 0.
	wanted reliable.Time
	// ready says that an announcement is to be sent now.
	ready bool
	// leaving says that the topic ends, and left that this was told.
	leaving, left bool

	out struct {
		taken  bool
		encode frame.Encoder
		arena  []byte
		frame  frame.Frame
		body   frame.AnnounceBody
	}
	stats AnnouncerStats
}

// NewAnnouncer returns an Announcer that has announced nothing yet.
func NewAnnouncer(cfg AnnouncerConfig) (*Announcer, error) {
	if cfg.Session == 0 {
		return nil, config.Errorf("Session", "an announcement needs a session that is not 0")
	}
	if err := topic.Check(cfg.Topic); err != nil {
		return nil, config.Errorf("Topic", "%v", err)
	}
	a := &Announcer{cfg: cfg, roster: newRoster(), dice: newDice(cfg.Seed)}
	a.clashes.init(&cfg)
	a.out.frame = frame.Frame{
		Kind: frame.Announce, Session: cfg.Session, Wall: cfg.Wall, Control: cfg.Control,
		Topic: []byte(cfg.Topic), Name: []byte(cfg.Publisher), Announce: &a.out.body,
	}
	a.out.body = frame.AnnounceBody{
		Partitions: uint32(cfg.Layout.Partitions), Groups: uint32(cfg.Layout.Groups),
		Base: cfg.Layout.Base, Host: []byte(cfg.Host), PID: cfg.PID,
	}
	a.Introduce(cfg.Start)
	return a, nil
}

// Introduce announces the topic within a second, as at the start, such as after the network was
// away.
func (a *Announcer) Introduce(now reliable.Time) {
	a.introduced, a.wanted, a.ready = false, 0, false
	a.last, a.draw = now, a.dice.below(unit)
	a.due = a.moment()
}

// moment returns when to announce next, by the number of publishers that are known. It is later
// the more there are: when it comes, it is computed again (RFC 3550, section 6.3.6).
func (a *Announcer) moment() reliable.Time {
	n := a.roster.size() + 1
	if !a.introduced {
		return a.last.Add(share(max(shortest, time.Duration(n)*time.Second/crowd), a.draw))
	}
	mean := interval(n)
	return a.last.Add(mean - mean/spread + share(2*mean/spread, a.draw))
}

// Handle takes a decoded frame that came from the group of the directory, or to the Announcer's own
// address.
func (a *Announcer) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	switch f.Kind {
	case frame.Announce:
		if f.Session != a.cfg.Session && f.Request == 0 {
			a.hear(now, from, f)
		}
	case frame.Find:
		if f.Find.What == frame.FindTopics {
			a.question(now, from, f)
		}
	}
}

// hear takes another publisher's announcement.
func (a *Announcer) hear(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	a.window.add(now)
	if f.Announce.Interval == 0 {
		if p := a.roster.find(f.Session); p != nil && p.from == from {
			a.roster.remove(f.Session)
		}
		return
	}
	_, v := a.roster.hear(now, f.Session, from, f.Feed, f.Announce.Interval)
	switch v {
	case fresh:
		a.clashes.check(from, f)
	case foreign:
		a.stats.Foreign++
	case crowded:
		a.stats.Crowded++
	}
	a.stats.Heard++
}

// question takes a FIND of topics.
func (a *Announcer) question(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if !a.answers.takes(now, from, f.Request) {
		a.stats.Refused++
		return
	}
	pattern := "*"
	if len(f.Find.Topic) > 0 {
		pattern = string(f.Find.Topic)
	}
	p, err := topic.ParsePattern(pattern)
	switch {
	case err != nil:
		a.stats.Refused++
	case !p.Match(a.cfg.Topic), len(f.Name) > 0 && string(f.Name) != a.cfg.Publisher:
	default:
		over := time.Duration(min(f.Find.Value, uint64(answerSpread)))
		over = max(over, time.Duration(a.roster.size()+1)*time.Second/answerRate)
		if now < a.cfg.Start.Add(young) {
			over = answerSpread
		}
		a.answers.add(now, from, f.Request, now.Add(a.dice.below(min(over, answerSpread))))
	}
}

// Advance lets time pass.
func (a *Announcer) Advance(now reliable.Time) {
	if a.leaving || a.ready || now < a.due {
		return
	}
	a.roster.sweep(now, nil)
	if at := a.moment(); at > now {
		a.due = at
		return
	}
	k, longest := full, latest*interval(a.roster.size()+1)
	if !a.introduced {
		k, longest = crowd, max(longest, patience)
	}
	if a.wanted == 0 {
		a.wanted = now
	}
	if free := a.window.free(k); free > now && now < a.wanted.Add(longest) {
		a.due = free.Add(a.dice.below(time.Second))
		a.stats.Postponed++
		return
	}
	a.ready = true
}

// Deadline returns when to call Advance, and then Next.
func (a *Announcer) Deadline() reliable.Time {
	switch {
	case a.out.taken || a.left:
		return reliable.Never
	case a.leaving || a.ready:
		return 0
	}
	return min(a.due, a.answers.due())
}

// Next returns the next datagram to send, if there is one. Sent hands it back.
func (a *Announcer) Next(now reliable.Time) (reliable.Batch, bool) {
	a.Advance(now)
	if a.out.taken || a.left {
		return reliable.Batch{}, false
	}
	if a.leaving {
		a.left = true
		a.window.add(now)
		return a.announcement(now, netip.AddrPort{}, 0, 0), true
	}
	if a.ready {
		a.ready, a.wanted, a.introduced = false, 0, true
		a.last, a.draw = now, a.dice.below(unit)
		a.due = a.moment()
		a.window.add(now)
		a.stats.Announced++
		return a.announcement(now, netip.AddrPort{}, 0, longest(a.roster.size()+1)), true
	}
	if to, request, ok := a.answers.next(now); ok {
		a.stats.Answered++
		return a.announcement(now, to, request, longest(a.roster.size()+1)), true
	}
	return reliable.Batch{}, false
}

// announcement encodes an ANNOUNCE.
func (a *Announcer) announcement(
	now reliable.Time, to netip.AddrPort, request uint64, next time.Duration,
) reliable.Batch {
	f, body := &a.out.frame, &a.out.body
	f.Time, f.Request, body.Interval = uint64(max(now.Sub(a.cfg.Start), 0)), request, next
	if a.cfg.Facts != nil {
		facts := a.cfg.Facts(now)
		body.Bytes, body.Messages = facts.Bytes, facts.Messages
		body.Subscribers = uint32(min(max(facts.Subscribers, 0), math.MaxInt32))
		body.Teams = body.Teams[:0]
		for _, t := range facts.Teams[:min(len(facts.Teams), frame.MaxAnnouncedTeams)] {
			body.Teams = append(body.Teams, frame.AnnouncedTeam{Name: []byte(t.Name),
				Share: t.Share, Members: uint32(min(max(t.Members, 0), math.MaxInt32)), Lag: t.Lag})
		}
	}
	a.out.taken = true
	a.out.arena = a.out.encode.Append(a.out.arena[:0], f)
	return reliable.Batch{To: to, Data: a.out.arena, Segment: len(a.out.arena)}
}

// Sent hands a batch back.
func (a *Announcer) Sent(reliable.Batch) { a.out.taken = false }

// Close ends the topic. If it was announced, and not many announcements come just now, one more
// says so.
func (a *Announcer) Close(now reliable.Time) {
	if a.leaving {
		return
	}
	a.leaving, a.ready = true, false
	a.left = !a.introduced || a.window.free(crowd) > now
}

// Finished reports whether the Announcer is closed and has nothing left to say.
func (a *Announcer) Finished() bool { return a.left && !a.out.taken }

// Publishers returns the number of publishers that are known, this one included.
func (a *Announcer) Publishers() int { return a.roster.size() + 1 }

// TakeClash returns a clash with another publisher that wasn't told yet, if there is one.
func (a *Announcer) TakeClash() (Clash, bool) { return a.clashes.take() }

// Stats returns the counters so far.
func (a *Announcer) Stats() AnnouncerStats {
	s := a.stats
	s.Publishers, s.Clashes = a.Publishers(), a.clashes.found
	return s
}
