package disk_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
	"crier/testnet/disk"
	"crier/testnet/random"
)

// The journal is tortured on a simulated disk: it is killed, and loses its power, at any step of
// random jobs, while the disk fails and fills up.

var (
	seeds    = flag.Uint64("disk.seeds", 250, "how many random `logs` TestTorture kills")
	first    = flag.Uint64("disk.seed", 0, "the `seed` of the first of them")
	bytewise = flag.Bool("disk.bytes", false,
		"let TestEachStep die at each byte, not only at boundaries and in the last block's head")
)

// TestTorture kills random logs at random steps, and goes on with what is left.
func TestTorture(t *testing.T) {
	for seed := *first; seed < *first+*seeds && !t.Failed(); seed++ {
		torture(t, seed)
	}
}

// torture runs the lives of one log.
func torture(t *testing.T, seed uint64) {
	r := newRig(t, seed)
	defer func() {
		if p := recover(); p != nil {
			panic(fmt.Sprintf("seed %d: %v\n%s", seed, p, r.story.String()))
		}
		if t.Failed() {
			t.Fatalf("it goes again by: go test ./testnet/disk -run TestTorture -disk.seed=%d "+
				"-disk.seeds=1\n%s", seed, r.story.String())
		}
	}()
	for range 4 {
		if !r.open() {
			return
		}
		jobs := 1 + r.below(12)
		r.dieWithin(jobs)
		for range jobs {
			if !r.job() {
				break
			}
		}
		r.die()
	}
	if r.open() {
		r.d.Capacity = 0
		r.afterwards()
	}
}

// TestEachStep kills logs, and takes their power, at each boundary of a write, amid it, and at many
// bytes of the last block, in each mode, with changes of segments and a ring that is full.
func TestEachStep(t *testing.T) {
	for mode := range journal.FsyncNone + 1 {
		var points []int64 // no step is done before the first job
		r := newSmallRig(t, mode)
		if !r.open() {
			return
		}
		follow := r.d.Step
		var from, size int64 // of the last block
		r.d.Step = func(c disk.Change) {
			follow(c)
			at := r.d.Steps()
			points = append(points, at)
			if c.Op == disk.Append { // amid it, too
				points = append(points, at+c.Size/2)
				from, size = at, c.Size
			}
		}
		r.jobs()
		for n := int64(0); n <= size; n++ {
			if n <= 70 || n%16 == 0 || n > size-4 {
				points = append(points, from+n)
			}
		}
		if *bytewise {
			points = points[:0]
			for n := range r.d.Steps() + 1 {
				points = append(points, n)
			}
		}
		t.Logf("mode %d: %d of %d steps", mode, len(points), r.d.Steps())
		for _, n := range points {
			for end := range 2 { // a kill, and a loss of power
				r := newSmallRig(t, mode)
				r.d = disk.New(uint64(n)) // what is lost differs
				if r.open() {
					r.d.DieAfter(n)
					r.jobs()
				}
				r.end(end == 0)
				if r.open() {
					r.afterwards()
				}
				if t.Failed() {
					t.Fatalf("mode %d, end %d, after %d steps\n%s", mode, end, n, r.story.String())
				}
			}
		}
	}
}

// newSmallRig returns the rig of TestEachStep.
func newSmallRig(t *testing.T, mode journal.FsyncMode) *rig {
	r := newRig(t, 1)
	r.cfg = journal.Config{Segment: journal.MinSegment, Fsync: journal.Fsync{Mode: mode},
		Keep: journal.Keep{Bytes: 2 * journal.MinSegment}}
	r.d.Capacity, r.calm, r.most = 0, true, 8
	return r
}

// jobs does the jobs of TestEachStep.
func (r *rig) jobs() {
	for range 16 {
		if !r.job() {
			return
		}
	}
}

// rig is a log on a simulated disk, and what must be true of it.
type rig struct {
	t      *testing.T
	random random.Generator
	d      *disk.Disk
	cfg    journal.Config
	log    *journal.Log
	wall   int64
	tapes  []*told
	// names are the segments before a job, which it may remove.
	names map[string]journal.Segment
	// dropped counts the bytes that the job removed.
	faulty bool // a fault was ordered of the job
	killed bool // the last end of life lost nothing that was written
	life   int
	story  strings.Builder
	calm   bool
	most   uint64 // frames of a record
}

// told is what the log told of a tape, and what it was given.
type told struct {
	key     journal.Key
	title   *reliable.Title
	given   uint64 // the frames below were handed, or left out
	holes   []nack.Range
	low     uint64 // frames below may have been dropped
	next    uint64
	written uint64
	synced  uint64
	unsure  bool // the job that died was about this tape
	known   bool // the log told of it
}

func newRig(t *testing.T, seed uint64) *rig {
	r := &rig{t: t, random: random.New(seed), d: disk.New(seed), wall: 1e18, most: 60}
	r.cfg.Segment = int64(4<<10) << r.below(3)
	r.cfg.Fsync.Mode = journal.FsyncMode(r.below(3))
	if r.below(2) == 0 {
		r.cfg.Keep.Bytes = r.cfg.Segment * int64(3+r.below(6))
	}
	if r.below(4) == 0 {
		r.d.Capacity = r.cfg.Segment * int64(4+r.below(8))
	}
	for i := range 1 + r.below(3) {
		r.tapes = append(r.tapes, &told{key: journal.Key{Session: 100 + i, Channel: uint32(i)}})
	}
	r.say("%+v, capacity %d, %d tapes", r.cfg, r.d.Capacity, len(r.tapes))
	return r
}

func (r *rig) below(n uint64) uint64 { return r.random.Below(n) }

func (r *rig) say(format string, args ...any) { fmt.Fprintf(&r.story, format+"\n", args...) }

// frameOf returns the frame with a number of a tape: the truth.
func frameOf(key journal.Key, seq uint64) []byte {
	h := random.Mix(seq ^ key.Session<<32)
	b := make([]byte, 1+h%300)
	for i := range b {
		b[i] = byte(h>>(8*(i%8))) ^ byte(i)
	}
	return b
}

// offsetOf returns the offset of the first message that starts in a frame.
func offsetOf(seq uint64) uint64 { return 3 * seq }

// record makes a record of frames.
func record(key journal.Key, from, to uint64) journal.Record {
	rec := journal.Record{Frames: nack.Range{From: from, To: to}, Offset: offsetOf(from),
		EndOffset: offsetOf(to), First: int64(1e18 + from), Last: int64(1e18 + to)}
	for seq := from; seq < to; seq++ {
		f := frameOf(key, seq)
		rec.Data = append(rec.Data, f...)
		rec.Sizes = append(rec.Sizes, int32(len(f)))
	}
	return rec
}

// dieWithin orders the death at a random step of about so many jobs, or none.
func (r *rig) dieWithin(jobs uint64) {
	if r.below(8) == 0 {
		return
	}
	r.d.DieAfter(int64(r.below(jobs * 6000)))
}

// job does a random job, and reports whether the disk still lives.
func (r *rig) job() bool {
	t := r.tapes[r.below(uint64(len(r.tapes)))]
	job := &journal.Job{Key: t.key, Sync: r.below(6) == 0}
	if r.below(6) == 0 {
		job.Title = &reliable.Title{Publisher: fmt.Sprint("p", r.below(3)), Wall: int64(r.wall)}
	}
	next := t.next
	if next == 0 && !t.known {
		next = r.below(50) // a tape begins anywhere
	}
	for n := r.below(4); n > 0; n-- {
		switch r.below(8) {
		case 0: // left out: the log names the hole
			gap := 1 + r.below(9)
			t.holes = append(t.holes, nack.Range{From: next, To: next + gap})
			next += gap
		case 1:
			h := nack.Range{From: next, To: next + 1 + r.below(20)}
			job.Records = append(job.Records, journal.Record{Frames: h, Offset: offsetOf(h.From),
				EndOffset: offsetOf(h.To), Hole: &journal.Hole{Cause: reliable.CauseUnanswered}})
			t.holes = append(t.holes, h)
			next = h.To
			continue
		case 2:
			job.Records = append(job.Records, journal.Record{
				Frames: nack.Range{From: next, To: next}, Offset: offsetOf(next),
				EndOffset: offsetOf(next), End: &journal.End{Seq: next, Offset: offsetOf(next),
					How: reliable.EndBye, Cause: reliable.CauseEnded}})
			continue
		}
		to := next + 1 + r.below(1+r.below(r.most))
		job.Records = append(job.Records, record(t.key, next, to))
		next = to
	}
	t.given = max(t.given, next)
	r.fault()
	return r.do(t, job)
}

// fault orders a fault of the disk, sometimes.
func (r *rig) fault() {
	r.faulty = false
	if r.calm {
		return
	}
	switch r.below(30) {
	case 0:
		r.d.FailWrites(1 + int64(r.below(2)))
	case 1:
		r.d.FailSyncs(1)
	default:
		return
	}
	r.faulty = true
}

// do does a job, and notes what it tells.
func (r *rig) do(t *told, job *journal.Job) bool {
	r.names = map[string]journal.Segment{}
	for _, t := range r.tapes {
		for _, s := range r.log.Segments(t.key) {
			r.names[s.Name] = s
		}
	}
	r.wall += int64(r.below(uint64(30 * time.Millisecond)))
	t.unsure = true
	res := r.log.Do(job, r.wall)
	if dead(r.d) {
		r.say("%v: dies at step %d", t.key, r.d.Steps())
		return false
	}
	r.d.FailWrites(0)
	r.d.FailSyncs(0)
	t.unsure = false
	r.say("%v: %s: next %d, written %d, synced %d, %v", t.key, text(job), res.State.Next.Seq,
		res.State.Written, res.State.Synced, res.Err)
	r.note(t, &res.State)
	for i := range res.Others {
		for _, other := range r.tapes {
			if other.key == res.Others[i].Key {
				r.note(other, &res.Others[i])
			}
		}
	}
	if res.Err != nil && !r.faulty && !errors.Is(res.Err, journal.ErrNoSpace) {
		r.t.Errorf("a job fails though the disk is well: %v", res.Err)
	}
	if job.Title != nil {
		t.title = job.Title
		// One that comes alone may wait for a segment to be written to.
		if res.Err != nil || len(job.Records) == 0 {
			t.title = nil // it isn't promised
		}
	}
	return true
}

// text returns a job's records in short.
func text(job *journal.Job) string {
	var b strings.Builder
	for _, rec := range job.Records {
		switch {
		case rec.Hole != nil:
			b.WriteString("hole ")
		case rec.End != nil:
			b.WriteString("end ")
		}
		fmt.Fprintf(&b, "%v ", rec.Frames)
	}
	if job.Title != nil {
		fmt.Fprintf(&b, "title %s ", job.Title.Publisher)
	}
	if job.Sync {
		b.WriteString("sync")
	}
	return b.String()
}

// note takes what the log told of a tape.
func (r *rig) note(t *told, s *journal.State) {
	if s.Synced < t.synced && s.Synced != s.Next.Seq && t.synced <= s.Next.Seq && s.Synced != 0 {
		r.t.Errorf("%v: synced went from %d to %d", t.key, t.synced, s.Synced)
	}
	if s.Next.Seq < t.next {
		t.title = nil // it went back, too
	}
	t.known = true
	t.low, t.next = max(t.low, s.Oldest.Seq), s.Next.Seq
	t.written, t.synced = s.Written, s.Synced
}

// dead reports whether the disk's time is up.
func dead(d *disk.Disk) bool {
	_, err := d.List()
	return errors.Is(err, disk.ErrDead)
}

// step notes what a job removes: what was in it need not be there any more.
func (r *rig) step(c disk.Change) {
	s, ok := r.names[c.Name]
	if c.Op != disk.Remove || !ok {
		return
	}
	for _, t := range r.tapes {
		if t.key == s.Key {
			t.low = max(t.low, min(s.Next.Seq, t.next))
		}
	}
}

// die ends a life, by a kill or by a loss of power.
func (r *rig) die() { r.end(r.below(2) == 0) }

// end ends a life.
func (r *rig) end(killed bool) {
	if r.killed = killed; r.killed {
		r.say("killed")
		r.d.Kill()
	} else {
		r.say("power loss")
		r.d.PowerLoss()
	}
	r.d.Step = nil
	r.d.FailWrites(0)
	r.d.FailSyncs(0)
}

// open opens the log, and holds it to what was told. It reports false if something is wrong.
func (r *rig) open() bool {
	r.life++
	l, report, err := journal.Open(r.d, r.cfg, r.wall)
	if err != nil {
		r.t.Errorf("life %d: the log can't be opened: %v", r.life, err)
		return false
	}
	r.log = l
	for _, f := range report.Findings {
		r.say("found: %+v", f)
		r.judge(&f)
	}
	states := map[journal.Key]*journal.State{}
	list := l.States()
	for i := range list {
		states[list[i].Key] = &list[i]
	}
	for _, t := range r.tapes {
		if report.Dropped > 0 { // the ring is full, as any job would find it
			t.low = max(t.low, t.next)
		}
		s := states[t.key]
		if s == nil {
			s = &journal.State{Key: t.key}
		}
		r.hold(t, s)
	}
	if found, err := l.Verify(journal.Key{}, nil); err != nil {
		r.t.Errorf("it can't be verified: %v", err)
	} else {
		for _, f := range found.Findings {
			r.judge(&f)
		}
	}
	r.d.Step = r.step
	return !r.t.Failed()
}

// judge holds a finding to what may be.
func (r *rig) judge(f *journal.Finding) {
	if f.Acknowledged {
		r.t.Errorf("acknowledged data are damaged: %+v", *f)
	}
	switch f.Kind {
	case journal.Torn:
		return
	case journal.Damaged, journal.Missing, journal.NotSegment:
		if r.life == 1 || !r.everLost() {
			r.t.Errorf("a kill damaged data: %+v", *f)
		}
	default:
		r.t.Errorf("a file is found that is no segment: %+v", *f)
	}
}

// everLost reports whether unsynced data may have been lost so far.
func (r *rig) everLost() bool {
	return strings.Contains(r.story.String(), "power loss") ||
		strings.Contains(r.story.String(), "input/output") || r.faulty
}

// hold holds a tape to what was told of it.
func (r *rig) hold(t *told, s *journal.State) {
	promised := t.synced
	if r.killed || r.life == 1 {
		promised = t.written
		if r.faulty { // a sync failed amid the job that died: what was written is doubtful
			promised = t.synced
		}
	}
	r.say("%v: oldest %d, next %d, promised [%d, %d)", t.key, s.Oldest.Seq, s.Next.Seq, t.low,
		promised)
	if s.Next.Seq < promised && t.low < promised {
		r.t.Errorf("%v: the log ends at %d, and [%d, %d) was promised", t.key, s.Next.Seq, t.low,
			promised)
		return
	}
	if s.Next.Seq > max(t.given, t.next) {
		r.t.Errorf("%v: the log ends at %d, and %d is as far as was given", t.key, s.Next.Seq,
			t.given)
	}
	if s.Oldest.Seq < s.Next.Seq && s.Oldest.Offset != 0 &&
		(s.Oldest.Offset != offsetOf(s.Oldest.Seq) ||
			s.Next.Offset != offsetOf(s.Next.Seq)) {
		r.t.Errorf("%v: the offsets are wrong: %+v", t.key, *s)
	}
	r.read(t, s, promised)
	if (r.killed || r.life == 1) && !t.unsure && s.Segments > 0 && !r.faulty &&
		t.low < promised && t.title != nil && (s.Title == nil || *s.Title != *t.title) {
		r.t.Errorf("%v: the title is %+v, and was %+v", t.key, s.Title, t.title)
	}
	// What is there now is what counts.
	t.known = s.Segments > 0
	low := t.low
	t.low, t.next, t.written, t.synced = s.Oldest.Seq, s.Next.Seq, s.Written, s.Synced
	t.title, t.unsure = s.Title, false
	if r.cfg.Fsync.Mode == journal.FsyncNone {
		// A footer may stand where its data are lost, which reading tells.
		if t.low = max(low, t.low); !r.killed {
			t.low = t.next
		}
	}
	if s.Segments == 0 {
		t.next = t.given // it goes on behind all that was given
	}
}

// read holds each frame to the truth, and each that is missing to a name.
func (r *rig) read(t *told, s *journal.State, promised uint64) {
	at := func(seq uint64) func(nack.Range) bool {
		return func(h nack.Range) bool { return h.Contains(seq) }
	}
	for seq := s.Oldest.Seq; seq < s.Next.Seq; {
		res := r.log.Do(&journal.Job{Key: t.key, Read: nack.Range{From: seq, To: s.Next.Seq}},
			r.wall)
		if res.Err != nil || res.Read.From != seq || res.Read.Len() == 0 {
			r.t.Errorf("%v: a read from %d returned %v, %v", t.key, seq, res.Read, res.Err)
			return
		}
		for i, f := range res.Frames {
			seq := res.Read.From + uint64(i)
			switch {
			case f != nil && slices.ContainsFunc(t.holes, at(seq)) &&
				!bytes.Equal(f, frameOf(t.key, seq)):
				r.t.Errorf("%v: frame %d was a hole, and is there", t.key, seq)
				return
			case f != nil && !bytes.Equal(f, frameOf(t.key, seq)):
				r.t.Errorf("%v: frame %d is not what was written", t.key, seq)
				return
			case f != nil || slices.ContainsFunc(t.holes, at(seq)):
			case seq >= t.low && seq < promised:
				r.t.Errorf("%v: frame %d is missing, and [%d, %d) was promised", t.key, seq, t.low,
					promised)
				return
			}
			if f == nil && !slices.ContainsFunc(res.Damaged, at(seq)) && s.MoreHoles == 0 &&
				!slices.ContainsFunc(s.Holes, at(seq)) &&
				!slices.ContainsFunc(res.Holes, func(h journal.Hole) bool {
					return h.Frames.Contains(seq)
				}) {
				r.t.Errorf("%v: frame %d is missing, and isn't named", t.key, seq)
				return
			}
		}
		seq = res.Read.To
	}
	t.holes = append(t.holes, s.Holes...) // what it lacks now it never gets
}

// afterwards holds the log to working as ever: appends, syncs, a close, and what it has then.
func (r *rig) afterwards() {
	r.calm, r.faulty = true, false
	for _, t := range r.tapes {
		from := t.next
		if !r.do(t, &journal.Job{Key: t.key, Sync: true,
			Records: []journal.Record{record(t.key, from, from+30)}}) {
			r.t.Error("the disk died")
		}
		t.given = from + 30
		if t.next != from+30 {
			r.t.Errorf("%v: an append to [%d, %d) ends at %d", t.key, from, from+30, t.next)
		}
	}
	if err := r.log.Close(); err != nil {
		r.t.Errorf("it can't be closed: %v", err)
	}
	r.say("power loss")
	r.d.PowerLoss()
	r.killed = false
	r.open()
	for _, t := range r.tapes {
		if r.cfg.Fsync.Mode != journal.FsyncNone && t.next < t.given && r.cfg.Keep.Bytes == 0 {
			r.t.Errorf("%v: ends at %d after a close, and was given [.., %d)", t.key, t.next,
				t.given)
		}
	}
}
