package testnet

import (
	"fmt"
	"strings"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/link"
	"crier/testnet/random"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// scenario is one random run: all that it does follows from its seed.
type scenario struct {
	w     *world.World
	r     random.Generator
	over  random.Generator // of what swarm_overload_test.go adds
	calm  reliable.Time    // when faults end
	notes []string         // its parts, in words, for the report of a failure
	feeds []*feed
	lossy bool // links lose after calm as before
	err   error
	// adjust and restarts, if not nil, change a subscriber and a publisher before they are
	// added.
	adjust   func(cfg *world.SubscriberConfig)
	restarts func(cfg *world.PublisherConfig)
	topics   *topics // that are played, or nil
}

func newScenario(w *world.World, seed uint64) *scenario { return buildScenario(w, seed, nil) }

// buildScenario makes a scenario, with topics if they aren't nil.
func buildScenario(w *world.World, seed uint64, topics *topics) *scenario {
	s := &scenario{topics: topics, w: w, r: random.New(random.Mix(seed) ^ 0x737761726d),
		over: random.New(random.Mix(seed) ^ 0x6f766572)}
	s.calm = 100*story.Milli + reliable.Time(s.r.Below(uint64(3*time.Second)))
	for range s.segments() {
		cfg := link.Config{Loss: s.loss(), Delay: link.FixedDelay(s.span(0, time.Millisecond))}
		if _, err := w.AddSegment(fmt.Sprintf("segment%d", len(w.Segments())), cfg); err != nil {
			s.err = err
		}
	}
	subs := 1 + int(s.r.Below(12))
	if s.one(40) {
		subs = 50 + int(s.r.Below(50))
	}
	pubs := 1
	if s.one(3) {
		pubs += 1 + int(s.r.Below(3))
	}
	subs, pubs, budget := topics.crowd(subs, pubs, 16_000/(subs+2)/pubs) // messages a publisher
	for range pubs {
		s.publisher(budget)
	}
	for range subs {
		s.subscriber()
	}
	s.faults()
	s.topics.fault(s)
	s.moves(random.New(random.Mix(seed) ^ 0x6d6f7665))
	return s
}

// one is true once in n.
func (s *scenario) one(n uint64) bool { return s.r.Below(n) == 0 }

// span returns a duration from a to b.
func (s *scenario) span(a, b time.Duration) time.Duration {
	return a + time.Duration(s.r.UpTo(int64(b-a)))
}

// when returns a time before calm.
func (s *scenario) when() reliable.Time { return reliable.Time(s.r.Below(uint64(s.calm))) }

// share returns a probability from a to b, in thousandths.
func (s *scenario) share(a, b uint64) float64 {
	return float64(a+s.r.Below(b-a+1)) / 1000
}

func (s *scenario) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

func (s *scenario) String() string { return strings.Join(s.notes, "\n\t") }

func (s *scenario) segments() int {
	if s.one(5) {
		return 1 + int(s.r.Below(2))
	}
	return 0
}

func (s *scenario) publisher(budget int) {
	cfg := world.PublisherConfig{}
	sc := &cfg.Sender
	sc.Name = fmt.Sprintf("stream %d", len(s.feeds))
	sc.Datagram = []int{0, 0, 0, 256, 257 + int(s.r.Below(1200)), 4096, 9000}[s.r.Below(7)]
	datagram := sc.Datagram
	if datagram == 0 {
		datagram = reliable.DefaultDatagram
	}
	stride := frame.DataSize(datagram)
	switch s.r.Below(4) {
	case 0:
		sc.Retention.ResendBuffer = stride * (8 + int(s.r.Below(40)))
	case 1:
		sc.Retention.ResendBuffer = max(8*stride, 64<<10)
	default:
		sc.Retention.ResendBuffer = 1<<20 + int(s.r.Below(3<<20))
	}
	if s.one(3) {
		sc.BatchWait = s.span(0, 5*time.Millisecond)
	}
	sc.FirstSeq, sc.FirstOffset = s.firstNumber(), s.firstNumber()
	if s.one(8) {
		sc.Repair.Floor = 8 * reliable.BitRate(32<<10+s.r.Below(1<<20))
	}
	if s.one(12) {
		sc.MaxMembers = 1 + int(s.r.Below(3))
	}
	if s.one(4) {
		cfg.Write = s.span(time.Microsecond, 50*time.Microsecond)
	}
	if s.one(2) {
		cfg.At = reliable.Time(s.r.Below(uint64(s.calm / 2)))
	}
	s.overloaded(&cfg)
	if s.restarts != nil {
		s.restarts(&cfg)
	}
	s.topics.publisher(s, &cfg)
	p, err := s.w.AddPublisher(cfg)
	if err != nil {
		s.err = err
		return
	}
	f := &feed{s: s, pub: p, r: random.New(s.r.Uint64())}
	f.left = 1 + int(s.r.Below(uint64(budget)))
	f.burst = 1
	if s.one(3) {
		f.burst = 1 + s.r.Below(100)
	}
	kind := ""
	kind, f.size = s.sizes(stride, &f.left)
	even := max(time.Duration(s.calm-cfg.At)*time.Duration(f.burst)/2/time.Duration(f.left+1), 1)
	f.pause = s.span(0, min(2*even, 200*time.Millisecond))
	s.note("%v from %s: %d messages %s, up to %d at once each %v; datagram %d, resend buffer "+
		"%d (%d frames), batch wait %v, first %d/%d, floor %v, write %v",
		p, world.Stamp(cfg.At), f.left, kind, f.burst, f.pause, datagram, sc.Retention.ResendBuffer,
		sc.Retention.ResendBuffer/stride, sc.BatchWait, sc.FirstSeq, sc.FirstOffset,
		sc.Repair.Floor,
		cfg.Write)
	s.feeds = append(s.feeds, f)
	s.w.At(cfg.At, f.publish)
}

// firstNumber is where numbers start: anywhere, and often at an edge.
func (s *scenario) firstNumber() uint64 {
	switch s.r.Below(6) {
	case 0:
		return s.r.Below(1000)
	case 1:
		return 1<<32 - s.r.Below(2000)
	case 2:
		return 1<<63 - s.r.Below(2000)
	case 3:
		return s.r.Uint64() >> 1
	}
	return 0
}

func (s *scenario) subscriber() {
	cfg := world.SubscriberConfig{}
	rc := &cfg.Receiver
	rc.Name = fmt.Sprintf("subscriber %d", len(s.w.Subscribers()))
	if s.one(3) {
		cfg.At = s.when()
	}
	if s.one(2) {
		rc.Start = reliable.Oldest
	}
	if s.one(4) {
		rc.Order = reliable.OnArrival
	}
	if s.one(10) {
		rc.Recovery.Off = true
	}
	if s.one(8) {
		rc.Recovery.MaxWait = s.span(time.Millisecond, 500*time.Millisecond)
	}
	if s.one(3) {
		rc.Recovery.Silence = s.span(500*time.Millisecond, 5*time.Second)
	}
	switch s.r.Below(4) {
	case 0:
		rc.Memory.Buffer = 64 << 10
	case 1:
		rc.Memory.Buffer = 64<<10 + int(s.r.Below(1<<20))
	}
	if rc.Memory.Buffer != 0 && s.one(2) {
		rc.Memory.Total = rc.Memory.Buffer + int(s.r.Below(uint64(rc.Memory.Buffer)))
	}
	if s.one(3) {
		rc.Datagram = 256 + int(s.r.Below(1300))
	}
	if s.one(7) {
		cfg.Work = s.span(time.Microsecond, 2*time.Millisecond)
	}
	cfg.CopyFrames = s.one(3)
	rc.Runs = cfg.Work == 0 && len(s.w.Subscribers())%2 == 0
	cfg.TimersFirst = s.one(2)
	if s.one(4) {
		cfg.SocketQueue = 1 + int(s.r.Below(2000))
	}
	if n := len(s.w.Segments()); n > 0 && !s.one(3) {
		cfg.Segment = s.w.Segments()[s.r.Below(uint64(n))]
	}
	cfg.Down, cfg.Up = s.link(), s.link()
	s.overrun(rc)
	if s.adjust != nil {
		s.adjust(&cfg)
	}
	s.topics.listener(s, &cfg)
	sub, err := s.w.AddSubscriber(cfg)
	if err != nil {
		s.err = err
		return
	}
	s.note("%v from %s: start %d, order %d, no recovery %v, max wait %v, silence %v, buffer "+
		"%d, memory %d, work %v, copies %v, segment %v, down %+v, up %+v",
		sub, world.Stamp(cfg.At), rc.Start, rc.Order, rc.Recovery.Off, rc.Recovery.MaxWait,
		rc.Recovery.Silence,
		rc.Memory.Buffer, rc.Memory.Total, cfg.Work, cfg.CopyFrames, cfg.Segment, cfg.Down, cfg.Up)
}
