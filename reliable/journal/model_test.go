package journal

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crier/nack"
	"crier/reliable"
)

var modelSeeds = flag.Int("journal.seeds", 40, "the number of random schedules of a log")

// A model is what a log must have: the truth of each frame is known from its number.
type model struct {
	t    testing.TB
	seed uint64
	rng  *rand.Rand
	dir  *memDir
	cfg  Config
	log  *Log
	wall int64
	keys []Key
	has  map[Key]*modelTape
	// full says that the disk was full once
	full bool
	// faults says that the disk has faults, and twins that a segment may lie beside its copy.
	faults, twins bool
	// what the run did, for errors and for counts
	trace []string
	count map[string]int
}

type modelTape struct {
	// begun says that something was given.
	begun bool
	next  Mark
	// present are frames that the log has or had, flight those of a job that was cut off.
	present, flight map[uint64]bool
	// low is the highest oldest frame, and written and synced what was promised.
	low, written, synced uint64
	title                *reliable.Title
}

// keepsAll reports whether nothing was dropped for room.
func (m *model) keepsAll() bool { return m.cfg.Keep == (Keep{}) && !m.full }

func (m *model) say(format string, args ...any) {
	m.trace = append(m.trace, fmt.Sprintf(format, args...))
	if len(m.trace) > 40 {
		m.trace = m.trace[1:]
	}
}

func (m *model) fatal(format string, args ...any) {
	m.t.Helper()
	for _, line := range m.trace {
		m.t.Log(line)
	}
	m.t.Fatalf("seed %d: %s (rerun: go test ./reliable/journal -run Model/%d$)", m.seed,
		fmt.Sprintf(format, args...), m.seed)
}

func truth(key Key, seq uint64) []byte {
	size := 1 + int((seq*2654435761+uint64(key.Channel))%97)
	switch {
	case seq%101 == 0:
		size = 3000
	case seq%5003 == 0:
		size = 65507
	}
	return frame(seq^key.Session, size)
}

// data returns the record of the frames of a tape.
func data(key Key, from, to uint64) Record {
	r := Record{Frames: nack.Range{From: from, To: to}, Offset: 3 * from, EndOffset: 3 * to,
		First: int64(1000 * from), Last: int64(1000 * (to - 1))}
	for seq := from; seq < to; seq++ {
		f := truth(key, seq)
		if len(r.Data)+len(f) > MaxBlock {
			r.Frames.To, r.EndOffset, r.Last = seq, 3*seq, int64(1000*(seq-1))
			break
		}
		r.Data = append(r.Data, f...)
		r.Sizes = append(r.Sizes, int32(len(f)))
	}
	return r
}

// records makes up what comes next on a tape.
func (m *model) records(key Key, h *modelTape) (list []Record) {
	next := h.next
	if !h.begun {
		first := []uint64{0, 1, 1000, 1 << 40}[m.rng.IntN(4)]
		next = Mark{first, 3 * first}
		h.begun, h.low = true, first
	}
	for range 1 + m.rng.IntN(3) {
		n := 1 + m.rng.Uint64N(30)
		if m.rng.IntN(10) == 0 {
			n = 1 + m.rng.Uint64N(MaxFrames)
		}
		switch m.rng.IntN(12) {
		case 0:
			list = append(list, Record{Frames: nack.Range{From: next.Seq, To: next.Seq + n},
				Offset: next.Offset, EndOffset: next.Offset + 3*n,
				Hole: &Hole{Cause: reliable.CauseSlow}})
			next = Mark{next.Seq + n, next.Offset + 3*n}
		case 1: // it leaves out some, without a word
			next = Mark{next.Seq + n, next.Offset + 3*n}
		case 2:
			list = append(list, Record{Frames: nack.Range{From: next.Seq, To: next.Seq},
				Offset: next.Offset, EndOffset: next.Offset,
				End: &End{How: reliable.EndSilent, Cause: reliable.CauseSilent}})
		default:
			r := data(key, next.Seq, next.Seq+n)
			list = append(list, r)
			next = Mark{r.Frames.To, r.EndOffset}
		}
	}
	return list
}

func (m *model) open() {
	log, report, err := Open(m.dir, m.cfg, m.wall)
	m.dir.failSync = 0
	if err != nil {
		m.fatal("open: %v", err)
	}
	m.log = log
	m.say("opened: %s", text(report))
	for _, f := range report.Findings {
		if f.Acknowledged {
			m.fatal("acknowledged frames are damaged: %+v", f)
		}
	}
	states := map[Key]State{}
	for _, s := range log.States() {
		states[s.Key] = s
	}
	for _, key := range m.keys {
		h := m.has[key]
		s, ok := states[key]
		if !ok {
			s = State{Key: key, Oldest: h.next, Next: h.next}
			if h.written > h.low && m.keepsAll() {
				m.fatal("tape %x is gone: %d was written", key, h.written)
			}
		}
		if ok && s.Next.Seq < h.written && s.Oldest.Seq < s.Next.Seq {
			m.fatal("tape %x goes on at %d: %d was written", key, s.Next.Seq, h.written)
		}
		for seq := range h.flight {
			if seq < s.Next.Seq {
				h.present[seq] = true
			}
		}
		h.flight = map[uint64]bool{}
		m.settle(key, &s)
		m.compare(key)
	}
}

// settle takes what a State says.
func (m *model) settle(key Key, s *State) {
	h := m.has[key]
	if s.Written != s.Next.Seq && s.Segments > 0 {
		m.fatal("%x: written %d of %+v", key, s.Written, s.Next)
	}
	if !h.begun {
		return
	}
	h.next = s.Next
	h.written = s.Written
	h.synced = max(h.synced, s.Synced)
	h.low = max(h.low, s.Oldest.Seq)
	if s.Segments == 0 { // it may begin anywhere
		h.written, h.synced, h.low = 0, 0, h.next.Seq
	}
	for seq := range h.present {
		if seq >= s.Next.Seq || seq < s.Oldest.Seq {
			delete(h.present, seq)
		}
	}
	if h.next.Offset != 3*h.next.Seq {
		m.fatal("%x: goes on at %+v", key, h.next)
	}
}

// compare reads a tape, and compares it with the truth.
func (m *model) compare(key Key) {
	h := m.has[key]
	if s := m.log.Do(&Job{Key: key}, m.wall).State; s.Next.Seq-s.Oldest.Seq > 1<<20 {
		m.fatal("%x has %d-%d", key, s.Oldest.Seq, s.Next.Seq)
	}
	got := readAll(m.t, m.log, key)
	s := m.log.Do(&Job{Key: key}, m.wall).State
	if s.Segments == 0 {
		return
	}
	holes := slices.Clone(s.Holes)
	for seq, f := range got {
		if !bytes.Equal(f, truth(key, seq)) {
			m.fatal("%x: frame %d is not what was written", key, seq)
		}
		if !h.present[seq] {
			m.fatal("%x: frame %d was not there before", key, seq)
		}
	}
	for seq := s.Oldest.Seq; seq < s.Next.Seq; seq++ {
		named := slices.ContainsFunc(holes, func(r nack.Range) bool { return r.Contains(seq) })
		if named == (got[seq] != nil) && s.MoreHoles == 0 {
			m.fatal("%x: frame %d of %d-%d is there: %v; named as a hole: %v, %v", key, seq,
				s.Oldest.Seq, s.Next.Seq, got[seq] != nil, named, holes)
		}
		if h.present[seq] && got[seq] == nil {
			m.fatal("%x: frame %d of %d-%d is missing, holes %v", key, seq, s.Oldest.Seq,
				s.Next.Seq, holes)
		}
	}
	if h.title != nil && s.Title != nil && *s.Title != *h.title && m.cfg.Keep == (Keep{}) {
		m.say("%x: an older title", key)
	}
}

// do does a job, and takes its result. It returns false if the process died.
func (m *model) do(job *Job) bool {
	h := m.has[job.Key]
	before := h.next
	r := m.log.Do(job, m.wall)
	m.say("%x: %d records, sync %v: %d-%d -> %d, synced %d, full %v, failed %v, again %v, %v",
		job.Key, len(job.Records), job.Sync, r.State.Oldest.Seq, before.Seq, r.State.Next.Seq,
		r.State.Synced, r.Full, r.Failed, r.Again, r.Err)
	for i := range job.Records {
		rec := &job.Records[i]
		for seq := rec.Frames.From; seq < rec.Frames.To && rec.Hole == nil; seq++ {
			if h.flight[seq] = true; m.dir.steps != 0 && seq < r.State.Next.Seq {
				h.present[seq] = true
			}
		}
	}
	if m.dir.steps == 0 {
		return false // nothing of the result was told
	}
	h.flight = map[uint64]bool{}
	if r.Err == nil && len(job.Records) > 0 {
		last := job.Records[len(job.Records)-1]
		if want := (Mark{last.Frames.To, last.EndOffset}); r.State.Next != want {
			m.fatal("%x goes on at %+v, want %+v", job.Key, r.State.Next, want)
		}
	}
	if r.Full {
		m.count["full"]++
	}
	if r.Again {
		m.count["again"]++
	}
	if r.Err != nil && !r.Full && !r.Again {
		m.count["failed"]++
	}
	m.count["dropped"] += r.Dropped
	m.settle(job.Key, &r.State)
	for i := range r.Others {
		m.settle(r.Others[i].Key, &r.Others[i])
	}
	if m.cfg.Fsync.Mode == FsyncEach && r.Err == nil && len(job.Records) > 0 &&
		r.State.Synced != r.State.Next.Seq && !slices.ContainsFunc(m.log.tapes[job.Key].segs,
		func(s *segment) bool { return s.doubtful }) {
		m.fatal("%x: synced to %d of %d", job.Key, r.State.Synced, r.State.Next.Seq)
	}
	return true
}

// restart opens the log again, after the process was killed or the power was lost.
func (m *model) restart(power bool) {
	m.log = nil
	for _, key := range m.keys {
		h := m.has[key]
		if power {
			h.written = h.synced
			for seq := range h.present {
				if seq >= h.synced {
					delete(h.present, seq)
					h.flight[seq] = true
				}
			}
		}
	}
	if power {
		m.dir.powerLoss(m.rng)
	} else {
		m.dir.restart()
	}
	if m.faults && m.rng.IntN(3) == 0 {
		m.dir.failSync = 1 + m.rng.IntN(3)
		m.twins = true
	}
	m.say("restart, power lost: %v, %d syncs will fail", power, m.dir.failSync)
	m.openLossy(power)
}

func (m *model) openLossy(power bool) {
	if !power {
		m.open()
		return
	}
	// What wasn't synced may be there in part: only what the log has is taken as such.
	log, report, err := Open(m.dir, m.cfg, m.wall)
	m.dir.failSync = 0
	if err != nil {
		m.fatal("open: %v", err)
	}
	m.log = log
	m.say("opened: %s", text(report))
	for _, f := range report.Findings {
		if f.Acknowledged {
			m.fatal("acknowledged frames are damaged: %+v", f)
		}
	}
	for _, key := range m.keys {
		h := m.has[key]
		s := m.log.Do(&Job{Key: key}, m.wall).State
		if s.Segments == 0 {
			if h.synced > h.low && m.keepsAll() {
				m.fatal("%x is gone: %d was synced", key, h.synced)
			}
			h.begun, h.next, h.present = s.Next != (Mark{}), s.Next, map[uint64]bool{}
			h.flight, h.written, h.synced, h.low = map[uint64]bool{}, 0, 0, s.Next.Seq
			continue
		}
		if s.Next.Seq < h.synced {
			m.fatal("%x goes on at %d: %d was synced", key, s.Next.Seq, h.synced)
		}
		got := readAll(m.t, m.log, key)
		for seq := range h.flight {
			if got[seq] != nil {
				h.present[seq] = true
			}
		}
		h.flight = map[uint64]bool{}
		m.settle(key, &s)
		m.compare(key)
	}
}

// A log does what it is asked, in random schedules with all faults of a disk: what it says
// is written survives a kill, what it says is synced a loss of power, and what it lacks is
// named.
func TestModel(t *testing.T) {
	count := map[string]int{}
	seeds := *modelSeeds
	if testing.Short() {
		seeds = min(seeds, 10)
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runModel(t, seed, count) })
		if t.Failed() {
			return
		}
	}
	t.Log(count)
	for _, what := range []string{"full", "again", "failed", "dropped", "died", "power", "killed"} {
		if count[what] == 0 && seeds >= 40 {
			t.Errorf("no schedule had what it is to try: %s", what)
		}
	}
}

func runModel(t *testing.T, seed uint64, count map[string]int) {
	rng := rand.New(rand.NewPCG(seed, 12))
	m := &model{t: t, seed: seed, rng: rng, dir: newMemDir(), wall: 1000, has: map[Key]*modelTape{},
		count: count}
	m.cfg = Config{Segment: 4096 << rng.IntN(4), Fsync: Fsync{Mode: FsyncMode(rng.IntN(3))}}
	if rng.IntN(2) == 0 {
		m.cfg.Keep.Bytes = m.cfg.Segment * (1 + rng.Int64N(20))
	}
	for range 1 + rng.IntN(4) {
		key := Key{Session: 1 + rng.Uint64N(3), Channel: uint32(rng.IntN(2))}
		if m.has[key] == nil {
			m.has[key] = &modelTape{present: map[uint64]bool{}, flight: map[uint64]bool{}}
			m.keys = append(m.keys, key)
		}
	}
	m.faults = rng.IntN(2) == 0
	m.open()
	for range 60 {
		m.wall += rng.Int64N(int64(100e6))
		key := m.keys[rng.IntN(len(m.keys))]
		h := m.has[key]
		job := &Job{Key: key, Records: m.records(key, h), Sync: rng.IntN(4) == 0}
		if rng.IntN(8) == 0 {
			h.title = &reliable.Title{Publisher: fmt.Sprint("p", rng.IntN(9)), Wall: m.wall}
			job.Title = h.title
		}
		if m.faults {
			switch rng.IntN(12) {
			case 0:
				m.dir.failAppend = 1 + rng.IntN(3)
			case 1:
				m.dir.failSync = 1
			case 2:
				m.dir.room, m.full = rng.Int64N(2*m.cfg.Segment), true
			case 3:
				m.dir.room = -1
			}
		}
		if rng.IntN(12) == 0 {
			m.dir.steps = rng.Int64N(9000)
		}
		alive := m.do(job)
		m.dir.failAppend, m.dir.failSync, m.dir.steps = 0, 0, -1
		switch {
		case !alive:
			count["died"]++
			m.restart(rng.IntN(3) == 0)
		case rng.IntN(15) == 0:
			count["killed"]++
			m.restart(false)
		case rng.IntN(15) == 0:
			count["power"]++
			m.restart(true)
		case rng.IntN(15) == 0:
			if err := m.log.Close(); err != nil && !m.twins {
				m.fatal("close: %v", err)
			}
			if m.dir.opened != 0 {
				m.fatal("%d files are open after Close", m.dir.opened)
			}
			m.dir.restart()
			m.say("closed")
			m.open()
		case rng.IntN(6) == 0:
			m.compare(key)
		}
		if size := m.size(); m.cfg.Keep.Bytes > 0 && size > m.cfg.Keep.Bytes && len(m.dir.files) > 1 &&
			!m.twins {
			m.fatal("%d bytes of %d in %v", size, m.cfg.Keep.Bytes, m.dir.names())
		}
		if m.size() != m.log.Bytes() && !m.twins {
			m.fatal("the log has %d bytes, and counts %d", m.size(), m.log.Bytes())
		}
	}
}

func (m *model) size() (size int64) {
	for _, f := range m.dir.files {
		size += int64(len(f.data))
	}
	return size
}
