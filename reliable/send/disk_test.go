package send

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
	"crier/reliable/store"
)

// spilled is a publisher that keeps what its only subscriber hasn't taken on disk.
func spilled(t *testing.T) *paced {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20, Disk: 4 << 20}})
	for range 2000 {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		p.step(time.Millisecond)
	}
	if st := p.Stats(); st.Disk.Frames < 1000 {
		t.Fatalf("%d frames are on disk", st.Disk.Frames)
	}
	return p
}

// asks is a NACK of the only subscriber.
func (p *paced) asks(r nack.Range) {
	p.Handle(p.now, rig.SubscriberAddr, rig.Made(p, frame.Frame{
		Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.clock.wire(p.now),
		Ranges: []nack.Range{r},
	}))
}

// idleFrames is how many frames that nobody needs may lie on disk until there is
// something else to do there.
const idleFrames = 4096

// Frames on disk are deleted once no subscriber needs them, though there is nothing else
// to do on disk.
func TestDiskDeletesUnneededFrames(t *testing.T) {
	p := spilled(t)
	p.reports(p.store.Next())
	job, ok := p.NextDisk()
	if !ok || len(job.Records) > 0 || job.Read.Len() > 0 || job.Trim != p.store.Next() {
		t.Fatalf("the next job is %+v, %v", job, ok)
	}
	p.does(job)
	if job, ok = p.NextDisk(); ok {
		t.Errorf("and then comes %+v", job)
	}
}

// Much that nobody needs is let go though some is needed, and it is told once.
func TestDiskLetsGoOfMuch(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20, Disk: 16 << 20}})
	for i := range idleFrames + 2000 {
		if i%1000 == 0 {
			p.reports(0)
		}
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		p.step(time.Millisecond)
	}
	p.reports(idleFrames - 300)
	if job, ok := p.NextDisk(); ok {
		t.Errorf("the next job is %+v", job)
	}
	p.reports(idleFrames + 300)
	job, ok := p.NextDisk()
	if !ok || len(job.Records) > 0 || job.Read.Len() > 0 || job.Trim < idleFrames ||
		job.Trim > idleFrames+300 {
		t.Fatalf("the next job is %+v, %v", job, ok)
	}
	p.does(job)
	if job, ok := p.NextDisk(); ok {
		t.Errorf("and then comes %+v", job)
	}
}

// Frames for a subscriber that has left are not read; those that others wait for are.
func TestDiskReadsNothingForTheDeparted(t *testing.T) {
	p := spilled(t)
	p.asks(nack.Range{From: 0, To: 10})
	if p.sends(); !p.store.Reading() {
		t.Fatal("nothing is to be read for one that asks")
	}
	p.Handle(p.now, rig.SubscriberAddr, rig.Made(t,
		frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5, Flags: frame.Leaving}))
	if job, ok := p.NextDisk(); !ok || len(job.Records) > 0 || job.Read.Len() > 0 {
		t.Errorf("the next job is %+v, %v", job, ok)
	}

	p = spilled(t)
	p.asks(nack.Range{From: 100, To: 110})
	p.sends()
	p.Handle(p.now, rig.PublisherAddr, rig.Made(t, frame.Frame{
		Kind: frame.Nack, Session: 0xabc, Subscriber: 6, Request: 1, Echo: p.clock.wire(p.now),
		Ranges: []nack.Range{{From: 5, To: 9}},
	}))
	p.repairer.Forget(&p.streams[0].audience.rows[0].Asker)
	if job, ok := p.NextDisk(); ok {
		t.Errorf("the next job is %+v", job)
	}
	p.sends()
	if job, ok := p.NextDisk(); !ok || job.Read != (nack.Range{From: 5, To: 9}) {
		t.Errorf("the next job is %+v, %v", job, ok)
	}
}

// more publishes n frames, which the publisher has room for.
func (p *paced) more(n int) {
	p.Helper()
	for i := range n {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			p.Fatalf("frame %d of %d: %v", i, n, err)
		}
		p.step(time.Millisecond)
	}
}

// wantKept wants all frames from one on to be in the ring or on disk, without a hole.
func (p *paced) wantKept(from uint64) {
	p.Helper()
	at, disk := from, p.store.OnDisk()
	if disk.Contains(at) {
		at = disk.To
	}
	if at < p.store.InMemory() {
		p.Errorf("frame %d, needed from %d on, is neither on disk (%v) nor in the ring, from %d on",
			at, from, disk, p.store.InMemory())
	}
}

// One may count from a frame that the ring still holds and the disk has let go: the
// disk begins again there, or what lies between would leave the ring and be nowhere.
func TestDiskBeginsAgainForOneBehindIt(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20, Disk: 8 << 20}})
	p.more(1200)
	p.reports(700)
	low := p.store.InMemory() + 5
	if from := p.store.OnDisk().From; from <= low {
		t.Fatalf("on disk from %d on, in the ring from %d on", from, p.store.InMemory())
	}
	p.another(6, low)
	p.more(1500)
	p.wantKept(low)
}

// The same while the disk writes what lies behind it: that is not what it begins with.
func TestDiskBeginsAgainWhileItWrites(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20, Disk: 8 << 20}})
	p.more(200)
	p.reports(200)
	for range 600 { // the disk is handed something, and isn't done with it
		p.Publish(p.now, make([]byte, 1300))
		p.sends()
	}
	job, ok := p.NextDisk()
	if !ok || len(job.Records) == 0 || job.Records[0].Frames.From != 200 {
		t.Fatalf("the job is %+v, %v", job, ok)
	}
	p.another(6, 100)
	p.does(job)
	p.more(1500)
	p.wantKept(100)
}

// Frames that every subscriber that counts has passed are deleted by the very job that
// would have read them for another: they aren't read.
func TestDiskReadsNothingItDeletes(t *testing.T) {
	p := spilled(t)
	p.Handle(p.now, rig.PublisherAddr, rig.Made(t, frame.Frame{
		Kind: frame.Nack, Session: 0xabc, Subscriber: 6, Request: 1, Echo: p.clock.wire(p.now),
		Ranges: []nack.Range{{From: 0, To: 1000}},
	}))
	if p.sends(); !p.store.Reading() {
		t.Fatal("nothing is to be read")
	}
	p.reports(p.store.OnDisk().From + 300)
	for range 3 {
		job, ok := p.NextDisk()
		if ok && job.Read.Len() > 0 && job.Read.From < job.Trim {
			t.Fatalf("%v is to be read, and all below %d let go", job.Read, job.Trim)
		}
		if ok {
			p.does(job)
		}
		p.sends()
	}
}

// Where a quorum shrinks, one may count that is further behind than the ring: only what
// the ring still holds is written.
func TestDiskWritesWhatTheRingHolds(t *testing.T) {
	p := newPaced(t,
		Config{Retention: Retention{ResendBuffer: 1 << 20, Disk: 8 << 20},
			Flow: Flow{Pace: reliable.Quorum(2)}})
	for i := range uint64(1500) {
		p.Publish(p.now, make([]byte, 1300))
		p.step(time.Millisecond)
		p.reports(i)
		p.another(6, i)
		if i == 20 {
			p.another(7, 10)
		}
	}
	for range 400 {
		p.Publish(p.now, make([]byte, 1300))
		p.sends()
	}
	p.Handle(p.now, rig.SubscriberAddr, rig.Made(t,
		frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5, Flags: frame.Leaving}))
	if needed := p.store.Next() - p.store.Retained(); needed != 10 || p.store.InMemory() <= 10 {
		t.Fatalf("kept from %d on, in the ring from %d on", needed, p.store.InMemory())
	}
	if job, ok := p.NextDisk(); !ok || len(job.Records) == 0 ||
		job.Records[0].Frames.From < p.store.InMemory() {
		t.Errorf("the job is %+v, %v, and the ring holds those from %d on", job, ok,
			p.store.InMemory())
	}
}

// Small frames fill the ring's index before its memory: they go to disk as well.
func TestDiskTakesSmallFrames(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20, Disk: 64 << 20}})
	for i := range 8000 {
		if i%1000 == 0 {
			p.reports(0) // it is there, and takes nothing
		}
		if _, err := p.Publish(p.now, make([]byte, 64)); err != nil {
			t.Fatalf("message %d: %v; %+v", i, err, p.Stats())
		}
		p.step(time.Millisecond)
	}
	if st := p.Stats(); st.Disk.Frames < 8000-4096 {
		t.Errorf("%d of 8,000 frames are on disk", st.Disk.Frames)
	}
}

// The disk makes room for messages of up to a quarter of the ring, whatever order they
// come in. Larger ones may have to wait, though only until subscribers have taken more.
func TestDiskMakesRoomForAQuarter(t *testing.T) {
	cfg := Config{Retention: Retention{ResendBuffer: 1 << 20, Disk: 64 << 20}}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		p := newPaced(t, cfg)
		for i := range 150 {
			p.reports(0) // it is there, and takes nothing
			size := 1 + rng.IntN(cfg.Retention.ResendBuffer/4-16<<10)
			if _, err := p.Publish(p.now, make([]byte, size)); err != nil {
				t.Fatalf("message %d, of %d bytes: %v; %+v", i, size, err, p.Stats())
			}
			for range 3 {
				p.step(time.Millisecond)
			}
		}
	}
	p := newPaced(t, cfg)
	large := make([]byte, 900_000)
	if _, err := p.Publish(p.now, large); err != nil {
		t.Fatal(err)
	}
	p.step(100 * time.Millisecond)
	p.reports(p.store.Next())
	p.step(time.Millisecond)
	if _, err := p.Publish(p.now, large); err != nil {
		t.Errorf("where all was taken: %v; %+v", err, p.Stats())
	}
}

// A frame that can't be read is no longer held. All that wait for it are told, and their
// other frames come all the same.
func TestUnreadableFramesAreGone(t *testing.T) {
	for name, spoil := range map[string]func(res *journal.Result){
		"an error": func(res *journal.Result) {
			*res = journal.Result{Err: store.ErrShort, State: res.State}
		},
		"none":    func(res *journal.Result) { res.Read, res.Frames = nack.Range{}, nil },
		"damaged": func(res *journal.Result) { clear(res.Frames) },
		"another": func(res *journal.Result) { res.Read.From--; res.Read.To-- },
	} {
		t.Run(name, func(t *testing.T) {
			p := spilled(t)
			oldest := p.store.InMemory()
			p.asks(nack.Range{From: 100, To: 110})
			p.Handle(p.now, rig.PublisherAddr, rig.Made(t, frame.Frame{
				Kind: frame.Nack, Session: 0xabc, Subscriber: 6, Request: 7,
				Echo:   p.clock.wire(p.now),
				Ranges: []nack.Range{{From: 105, To: 120}, {From: oldest + 10, To: oldest + 12}},
			}))
			p.hears()
			job, ok := p.NextDisk()
			for ; ok && job.Read.From != 100; job, ok = p.NextDisk() { // what is written first
				p.does(job)
			}
			if !ok || job.Read.Len() == 0 {
				t.Fatalf("nothing is read: %+v, %v", job, ok)
			}
			done := func(job *journal.Job) {
				res := p.tape.Do(job)
				if job.Read.Len() > 0 {
					spoil(res)
				}
				p.DiskDone(p.now, res)
			}
			done(job)
			gone, repaired := map[netip.AddrPort][]nack.Range{}, 0
			for range 100 {
				for _, f := range p.hears() {
					switch f.Kind {
					case frame.Gone:
						gone[f.to] = append(gone[f.to], f.Ranges...)
					case frame.Repair:
						repaired++
					}
				}
				p.now = p.now.Add(time.Millisecond)
				p.Advance(p.now)
				for job, ok := p.NextDisk(); ok; job, ok = p.NextDisk() {
					done(job)
				}
			}
			for to, want := range map[netip.AddrPort]nack.Range{
				rig.SubscriberAddr: {From: 100, To: 105},
				{}:                 {From: 105, To: 110}, // which both wait for
				rig.PublisherAddr:  {From: 110, To: 120},
			} {
				if got := nack.Normalize(gone[to]); len(got) != 1 || got[0] != want {
					t.Errorf("%v is told that %v is gone, want %v", to, got, want)
				}
			}
			if repaired != 2 {
				t.Errorf("%d frames are repaired, and the ring holds 2 that were asked for",
					repaired)
			}
			if st := p.Stats(); st.Disk.Errors == 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// sentTo is a frame, and where it goes.
type sentTo struct {
	*frame.Frame
	to netip.AddrPort
}

// hears sends what there is, and returns it.
func (p *paced) hears() (list []sentTo) {
	p.Helper()
	for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
		for i := range b.Datagrams() {
			list = append(list, sentTo{rig.Decoded(p, bytes.Clone(b.Datagram(i))), b.To})
		}
		p.Sent(b)
	}
	return list
}

// A repair whose frame leaves the ring while it waits for its place in a batch never goes
// out. A subscriber that asks again gets it from the disk.
func TestARepairThatLeavesTheRingIsReadAgain(t *testing.T) {
	p := newPaced(t, Config{Retention: Retention{ResendBuffer: 64 << 10, Disk: 4 << 20}})
	publish := func(size int) { // where there is room, which the disk makes
		p.Publish(p.now, make([]byte, size))
		for job, ok := p.NextDisk(); ok; job, ok = p.NextDisk() {
			p.does(job)
		}
	}
	for range 100 {
		publish(1300)
		p.step(time.Millisecond)
	}
	for _, size := range []int{100, 1300} {
		publish(size)
		p.step(time.Millisecond)
	}
	large := p.store.Next() - 1
	p.asks(nack.Range{From: large - 1, To: large + 1})
	next := func(want frame.Kind) {
		t.Helper()
		b, ok := p.Next(p.now)
		if !ok || rig.Decoded(t, b.Datagram(0)).Kind != want {
			t.Fatalf("%v goes out, %v", b, ok)
		}
		p.Sent(b)
	}
	next(frame.Repair) // the small one; the large one doesn't fit its batch
	for i := 0; i < 10 && p.store.InMemory() <= large; i++ {
		for range 50 {
			publish(1300)
		}
		p.turns.served = true // it is data's turn
		next(frame.Data)
	}
	if p.store.InMemory() <= large || p.store.Oldest() > large {
		t.Fatalf("frame %d is not on disk alone: %d, %d", large, p.store.Oldest(),
			p.store.InMemory())
	}
	p.sends()
	if job, ok := p.NextDisk(); !ok || !job.Read.Contains(large) {
		t.Errorf("frame %d waits, and the disk does %+v, %v", large, job, ok)
	}
}

// A ring holds lone small messages in what they need, not a datagram each.
func TestRingHoldsSmallFrames(t *testing.T) {
	s, err := New(Config{Session: 1, Retention: Retention{ResendBuffer: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	st := s.Stream(0)
	message := make([]byte, 200)
	for range 20000 {
		if _, err := st.Publish(0, message); err != nil {
			t.Fatal(err)
		}
		for b, ok := s.Next(0); ok; b, ok = s.Next(0) {
			s.Sent(b)
		}
	}
	// 58 bytes of a frame are not the message's.
	if held := st.store.Held().Len(); held < 1<<20/(200+58)-20 {
		t.Errorf("%d messages of 200 bytes are held in 1 MiB", held)
	}
}
