package testnet

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/journal"
	"crier/testnet/checker"
	"crier/testnet/disk"
	"crier/testnet/link"
	"crier/testnet/random"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// faults is one random run with recorders: processes and machines end at any moment and start
// again, disks fail and fill up, and networks are cut.
type faults struct {
	*scenario
	recs []*world.Recorder
}

func newFaults(w *world.World, seed uint64) *faults { return buildFaults(w, seed, nil) }

// buildFaults makes a run, with topics if they aren't nil.
func buildFaults(w *world.World, seed uint64, topics *topics) *faults {
	s := &scenario{topics: topics, w: w, r: random.New(random.Mix(seed) ^ 0x6661756c74),
		over: random.New(random.Mix(seed) ^ 0x6f766572)}
	f := &faults{scenario: s}
	s.calm = 500*story.Milli + reliable.Time(s.r.Below(uint64(3*time.Second)))
	if s.one(6) {
		cfg := link.Config{Loss: s.loss(), Delay: link.FixedDelay(s.span(0, time.Millisecond))}
		if _, err := w.AddSegment("segment0", cfg); err != nil {
			s.err = err
		}
	}
	recs := 1
	if s.one(3) {
		recs = int(s.r.Below(4))
	}
	for range recs {
		f.recorder()
	}
	subs, pubs := 1+int(s.r.Below(5)), 1
	if s.one(4) {
		pubs = 2
	}
	s.restarts = f.publisher
	for range pubs {
		s.publisher(6_000 / (subs + recs + 2) / pubs)
	}
	s.adjust = f.consumer
	for range subs {
		s.subscriber()
	}
	for range 1 + s.r.Below(8) {
		f.fault()
	}
	s.topics.fault(s)
	s.lossy = s.one(4)
	return f
}

// recorder adds a recorder.
func (f *faults) recorder() {
	s := f.scenario
	d := disk.New(s.r.Uint64())
	if !s.one(3) {
		d.Speed = disk.Speed{Bytes: int64(1e5 + s.r.Below(1<<(17+s.r.Below(10)))),
			Op: s.span(0, 100*time.Microsecond), Sync: s.span(0, 10*time.Millisecond)}
	}
	cfg := world.RecorderConfig{Disk: d, Log: journal.Config{
		Segment: journal.MinSegment << s.r.Below(8),
		Fsync: journal.Fsync{Mode: journal.FsyncMode(s.r.Below(3)),
			Every: s.span(1, 100*time.Millisecond)},
	}}
	if s.one(4) {
		cfg.Log.Keep.Bytes = cfg.Log.Segment * int64(2+s.r.Below(20))
	}
	sc := &cfg.Subscriber
	sc.Name = fmt.Sprintf("rec%d", len(f.recs))
	if s.one(4) {
		sc.At = s.when()
	}
	if s.one(2) {
		sc.Receiver.Memory.Buffer = 64<<10 + int(s.r.Below(1<<20))
	}
	if n := len(s.w.Segments()); n > 0 && s.one(2) {
		sc.Segment = s.w.Segments()[0]
	}
	sc.TimersFirst, sc.CopyFrames = s.one(2), s.one(3)
	sc.Down, sc.Up = s.link(), s.link()
	if s.one(2) {
		sc.Down, sc.Up = story.Near(nil), story.Near(nil)
	}
	s.topics.recorder(s, &cfg)
	r, err := s.w.AddRecorder(cfg)
	if err != nil {
		s.err = err
		return
	}
	s.note("%v from %s: log %+v, disk %+v, window %d, down %+v, up %+v", r, world.Stamp(sc.At),
		cfg.Log, d.Speed, sc.Receiver.Memory.Buffer, sc.Down, sc.Up)
	f.recs = append(f.recs, r)
}

// publisher changes a publisher: it may go on with its stream when it starts again.
func (f *faults) publisher(cfg *world.PublisherConfig) {
	if r := &f.over; r.Below(2) == 0 {
		cfg.Continue = reliable.ContinueOrNew
		f.note("the next one goes on with its stream")
	}
}

// consumer changes a subscriber: it asks logs, and may save its positions.
func (f *faults) consumer(cfg *world.SubscriberConfig) {
	s, rc := f.scenario, &cfg.Receiver
	rc.Logs.Ask = true
	if rc.Order == reliable.InOrder && rc.Overload == 0 && !rc.Recovery.Off && !s.one(3) {
		cfg.SaveAfter = s.span(1, 100*time.Millisecond)
		if s.one(2) {
			rc.Start = reliable.Resume
		}
		s.note("the next one: start %v, saved after %v", rc.Start, cfg.SaveAfter)
	}
}

// fault plans something that goes wrong.
func (f *faults) fault() {
	s, w := f.scenario, f.w
	at, pause := s.when(), s.pause()
	pub := w.Publishers()[s.r.Below(uint64(len(w.Publishers())))]
	sub := w.Subscribers()[s.r.Below(uint64(len(w.Subscribers())))]
	again := func(start func()) {
		s.plan(at.Add(pause), "", nil, start)
	}
	if len(f.recs) > 0 && !s.one(3) {
		f.recorderFault(f.recs[s.r.Below(uint64(len(f.recs)))], sub, pub, at, pause)
		return
	}
	switch s.r.Below(9) {
	case 0:
		s.plan(at, "%v crashes", pub, pub.Crash)
	case 1:
		s.plan(at, "%v crashes, for "+pause.String(), pub, pub.Crash)
		again(pub.Restart)
	case 2:
		s.plan(at, "%v restarts", pub, pub.Restart)
	case 3:
		s.plan(at, "%v pauses for "+pause.String(), pub, func() { pub.Pause(pause) })
		s.until(at.Add(pause))
	case 4:
		s.plan(at, "%v pauses for "+pause.String(), sub, func() { sub.Pause(pause) })
		s.until(at.Add(pause))
	case 5:
		s.plan(at, "%v is cut off from "+pub.String()+" for "+pause.String(), sub,
			func() { w.Partition(pub, sub) })
		again(func() { w.Heal(pub, sub) })
	case 6, 7:
		s.plan(at, "%v crashes, for "+pause.String(), sub, sub.Crash)
		again(sub.Restart)
	case 8:
		s.plan(at, "%v closes", pub, pub.Close)
	}
}

// recorderFault plans something that goes wrong with a recorder.
func (f *faults) recorderFault(r *world.Recorder, sub *world.Subscriber, pub *world.Publisher,
	at reliable.Time, pause time.Duration) {
	s, w := f.scenario, f.w
	for_ := " for " + pause.String()
	then := func(fn func()) { s.plan(at.Add(pause), "", nil, fn) }
	switch s.r.Below(12) {
	case 0, 1, 2:
		s.plan(at, "%v crashes"+for_, r, r.Crash)
		then(r.Restart)
	case 3, 4:
		s.plan(at, "%v loses its power"+for_, r, r.LosePower)
		then(r.Restart)
	case 5:
		s.plan(at, "%v pauses"+for_, r, func() { r.Pause(pause) })
		s.until(at.Add(pause))
	case 6:
		s.plan(at, "%v is cut off from "+pub.String()+for_, r,
			func() { w.Partition(pub, r.Subscriber) })
		then(func() { w.Heal(pub, r.Subscriber) })
	case 7:
		s.plan(at, "%v is cut off from "+sub.String()+for_, r,
			func() { w.Sever(r.Subscriber, sub) })
		then(func() { w.Join(r.Subscriber, sub) })
	case 8:
		s.plan(at, "%v has a full disk"+for_, r, func() { r.Fill(true) })
		then(func() { r.Fill(false) })
	case 9:
		s.plan(at, "%v can't write"+for_, r, func() { r.Disk().FailWrites(-1) })
		then(func() { r.Disk().FailWrites(0) })
	case 10:
		s.plan(at, "%v leaves"+for_, r, r.Leave)
		then(r.Restart)
	case 11:
		n := int64(1 + s.r.Below(3))
		s.plan(at, fmt.Sprintf("%%v fails to sync %d times", n), r,
			func() { r.FailSyncs(n) })
	}
}

// run runs the scenario to its end.
func (f *faults) run(c *checker.Checker) error {
	s, w := f.scenario, f.w
	if s.err != nil {
		return s.err
	}
	if err := w.Run(s.calm); err != nil {
		return err
	}
	f.rest()
	last := s.calm
	for _, p := range w.Publishers() {
		if s.one(2) {
			p.Flush()
			at := s.calm.Add(s.span(0, time.Second))
			s.plan(at, "%v closes", p, p.Close)
			last = max(last, at)
		}
	}
	drained, err := s.drain(last)
	if err != nil {
		return err
	}
	if err := w.Run(drained + reliable.Time(s.patience(c))); err != nil {
		return err
	}
	if s.err != nil {
		return s.err
	}
	if drained > last {
		s.calm = drained
	}
	if err := c.Finish(s.calm); err != nil {
		return err
	}
	for _, sub := range w.Subscribers() {
		sub.Leave()
	}
	for _, r := range f.recs { // what was sealed is opened again
		r.Leave()
		r.Restart()
	}
	return c.Left()
}

// rest makes network and disks calm.
func (f *faults) rest() {
	s := f.scenario
	s.rest()
	for _, r := range f.recs {
		for _, p := range s.w.Publishers() {
			cfg := r.Config()
			s.ease(s.w.Down(p, r.Subscriber), cfg.Down)
			s.ease(s.w.Up(r.Subscriber, p), cfg.Up)
		}
		r.Disk().FailWrites(0)
		r.FailSyncs(0)
		r.Fill(false)
	}
	var all []*world.Subscriber
	for _, r := range f.recs {
		all = append(all, r.Subscriber)
	}
	for _, sub := range append(all, s.w.Subscribers()...) {
		cfg := sub.Config()
		if err := sub.Relink(s.eased(cfg.Down), s.eased(cfg.Up)); err != nil {
			s.err = err
		}
		for _, r := range f.recs {
			if r.Subscriber != sub {
				s.w.Join(r.Subscriber, sub)
			}
		}
	}
}
