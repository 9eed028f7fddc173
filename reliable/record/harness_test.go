package record

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
	"crier/testnet/disk"
)

// A deck is a Recorder with its log on a simulated disk, and a publisher and subscribers that a
// test makes up.
type deck struct {
	t testing.TB
	*Recorder
	disk *disk.Disk
	log  *journal.Log
	now  reliable.Time
	cfg  Config
	logs journal.Config
	// sent are the frames that left, with their addresses.
	sent []letter
	told []Event
	// held says that no job is done.
	held bool
	out  []*journal.Job
	// ahead says that the disk does a job before the result of the one before is taken, which is
	// early.
	ahead bool
	early *journal.Result
	// sealed holds the frames of session 1 as they were sealed.
	sealed map[uint64][]byte
}

type letter struct {
	to netip.AddrPort
	*frame.Frame
}

var (
	subscriberAddr = rig.SubscriberAddr
	made           = rig.Made
)

var epoch = time.Unix(1_700_000_000, 0)

func newDeck(t testing.TB, cfg Config, logs journal.Config) *deck {
	t.Helper()
	cfg.ID, cfg.Epoch = 77, epoch
	cfg.Fsync = logs.Fsync
	d := &deck{t: t, disk: disk.New(1), now: 1e9, cfg: cfg, logs: logs}
	d.open()
	return d
}

// open opens the log and starts a Recorder on it.
func (d *deck) open() {
	d.t.Helper()
	var err error
	if d.log, _, err = journal.Open(d.disk, d.logs, d.wall()); err != nil {
		d.t.Fatal(err)
	}
	d.cfg.States, d.cfg.Joined = d.log.States(), d.now
	if d.Recorder, err = New(d.cfg); err != nil {
		d.t.Fatal(err)
	}
	d.out, d.early = nil, nil
}

func (d *deck) wall() int64 { return epoch.UnixNano() + int64(d.now) }

// settle does the jobs that are due, and notes what is sent.
func (d *deck) settle() {
	for {
		for job, ok := d.NextDisk(); ok; job, ok = d.NextDisk() {
			d.out = append(d.out, job)
		}
		for b, ok := d.Next(d.now); ok; b, ok = d.Next(d.now) {
			for i := range b.Datagrams() {
				d.sent = append(d.sent, letter{b.To, rig.Decoded(d.t, slices.Clone(b.Datagram(i)))})
			}
			d.Sent(b)
		}
		for job, ok := d.NextDisk(); ok; job, ok = d.NextDisk() {
			d.out = append(d.out, job) // to read for what was to be sent
		}
		if len(d.out) == 0 || d.held {
			break
		}
		job := d.out[0]
		d.out = d.out[1:]
		res := d.early
		if res == nil || res.Job != job {
			res = d.log.Do(job, d.wall())
		}
		if d.early = nil; d.ahead && len(d.out) > 0 {
			d.early = d.log.Do(d.out[0], d.wall())
		}
		d.DiskDone(d.now, res)
	}
	d.told = d.Events(d.told)
}

// pass lets time pass.
func (d *deck) pass(for_ time.Duration) {
	d.t.Helper()
	end := d.now.Add(for_)
	for rounds := 0; ; {
		d.settle()
		at := d.Deadline()
		if at > end {
			break
		}
		if at > d.now {
			d.now, rounds = at, 0
		} else if rounds++; rounds > 100 {
			d.t.Fatalf("at %d its deadline doesn't move", d.now)
		}
		d.Advance(d.now)
	}
	d.now = end
	d.Advance(d.now)
	d.settle()
}

// hears gives it a frame of the publisher's.
func (d *deck) hears(f *frame.Frame) { d.from(rig.PublisherAddr, f) }

// from gives it a frame from an address, in memory that is overwritten behind it.
func (d *deck) from(addr netip.AddrPort, f *frame.Frame) {
	d.t.Helper()
	raw := slices.Clone(f.Raw)
	d.Handle(d.now, addr, rig.Decoded(d.t, raw))
	clear(raw)
	d.settle()
}

// data is a frame of a session with one message of so many bytes.
func data(t testing.TB, session, seq uint64, size int) *frame.Frame {
	t.Helper()
	var b frame.Builder
	b.Open(make([]byte, 0, 2000), session, 0, seq, seq, uint64(seq)*1000)
	b.Add(rig.Payload(int(seq), size))
	return rig.Decoded(t, b.Seal(false))
}

// title is a session's SESSION.
func title(t testing.TB, session uint64, name string) *frame.Frame {
	return rig.Made(t, frame.Frame{Kind: frame.Session, Session: session, Time: 1,
		Name: []byte(name), Wall: epoch.UnixNano(), Channels: 1})
}

// beat is a HEARTBEAT of a session with frames [oldest, next), of one message each.
func beat(t testing.TB, session, oldest, next uint64) *frame.Frame {
	return rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: session, Time: 1 + next,
		Interval: 100 * time.Millisecond, OldestSeq: oldest, OldestOffset: oldest,
		NextSeq: next, NextOffset: next})
}

// asks gives it a NACK of a subscriber's.
func (d *deck) asks(id, session uint64, addr netip.AddrPort, ranges ...nack.Range) {
	d.t.Helper()
	d.from(addr, rig.Made(d.t, frame.Frame{Kind: frame.Nack, Session: session, Subscriber: id,
		Request: 5, Ranges: ranges}))
}

// kinds returns what was sent of a kind, and forgets all that was sent.
func (d *deck) kinds(kind frame.Kind) (list []letter) {
	for _, l := range d.sent {
		if l.Kind == kind {
			list = append(list, l)
		}
	}
	d.sent = nil
	return list
}

// frames reads frames of a session back from the log, by their numbers.
func (d *deck) frames(session uint64, span nack.Range) map[uint64][]byte {
	d.t.Helper()
	got := make(map[uint64][]byte)
	for span.Len() > 0 {
		job := &journal.Job{Key: journal.Key{Session: session}, Read: span}
		res := d.log.Do(job, d.wall())
		if res.Err != nil || res.Read.Len() == 0 {
			break
		}
		for i, f := range res.Frames {
			if f != nil {
				got[res.Read.From+uint64(i)] = slices.Clone(f)
			}
		}
		span.From = res.Read.To
	}
	return got
}
