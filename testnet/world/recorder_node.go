package world

import (
	"fmt"
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/record"
	"crier/testnet/disk"
	"crier/testnet/random"
)

// RecorderConfig configures a simulated recorder.
type RecorderConfig struct {
	// Subscriber says where its process is in the network, when it starts, and how long its
	// socket's queue is. Its Receiver has the recorder's window; its id, seed and time are
	// chosen as a subscriber's.
	Subscriber SubscriberConfig
	// Record configures its machine, but for its id, seed, name, time, window, and what its log
	// holds.
	Record record.Config
	// Log configures its log.
	Log journal.Config
	// Disk is where its log lies. nil means an empty one that takes no time.
	Disk *disk.Disk
	// New, if not nil, makes another machine for a process that starts, over what its log
	// holds.
	New func(cfg receive.Config, log []journal.State) (Recording, error)
}

// Recording is the part of a recorder's machine that a World needs.
type Recording interface {
	Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame)
	Advance(now reliable.Time)
	Deadline() reliable.Time
	Next(now reliable.Time) (reliable.Batch, bool)
	Sent(b reliable.Batch)
	Close(now reliable.Time)
	NextDisk() (*journal.Job, bool)
	DiskDone(now reliable.Time, res *journal.Result)
}

// Recorder is a process that records all sessions to a log, and answers for it. It is a
// Subscriber as far as the network goes: links, cuts, pauses and crashes are the same.
type Recorder struct {
	*Subscriber
	cfg     RecorderConfig
	m       Recording
	log     simLog
	report  *journal.Report // of its last start
	results []*journal.Result
	power   bool // it ended with its machine
	flips   int

	full, filled, unsynced bool

	capacity int64 // of the disk, when it isn't full
}

// AddRecorder adds a recorder.
func (w *World) AddRecorder(cfg RecorderConfig) (*Recorder, error) {
	if cfg.Subscriber.Name == "" {
		cfg.Subscriber.Name = fmt.Sprintf("rec%d", len(w.recorders))
	}
	if cfg.Disk == nil {
		cfg.Disk = disk.New(w.id(recorderNet, len(w.recorders), 0))
	}
	r := &Recorder{cfg: cfg}
	if cfg.New == nil {
		r.cfg.New = r.newMachine
	}
	r.log = simLog{w: w, disk: cfg.Disk, cfg: cfg.Log, done: r.diskDone,
		rand: random.New(w.id(recorderNet, len(w.recorders), 1))}
	if _, err := w.addSubscriber(cfg.Subscriber, r); err != nil {
		return nil, err
	}
	return r, nil
}

// recorderNet stands for recorders where ids are made; their addresses are subscribers'.
const recorderNet = 5

// begin opens the log and makes the machine of a life.
func (r *Recorder) begin(cfg receive.Config) (Receiver, error) {
	report, err := r.log.open()
	if err != nil {
		return nil, err
	}
	r.report, r.results = report, nil
	if r.m, err = r.cfg.New(cfg, r.log.log.States()); err != nil {
		return nil, err
	}
	return recording{Recording: r.m}, nil
}

// newMachine makes a record.Recorder.
func (r *Recorder) newMachine(cfg receive.Config, log []journal.State) (Recording, error) {
	rc := r.cfg.Record
	rc.ID, rc.Seed, rc.Name, rc.Epoch, rc.Joined = cfg.ID, cfg.Seed, cfg.Name, cfg.Epoch, cfg.Joined
	rc.Datagram, rc.Recovery, rc.Memory = cfg.Datagram, cfg.Recovery, cfg.Memory
	rc.States, rc.Fsync = log, r.cfg.Log.Fsync
	if rc.Groups == nil && len(rc.Topics) == 0 {
		rc.Groups = make([]netip.AddrPort, 1) // the only one
	}
	m, err := record.New(rc)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// work hands the machine's jobs to the disk.
func (r *Recorder) work() {
	for r.log.log != nil {
		job, ok := r.m.NextDisk()
		if !ok {
			return
		}
		r.log.start(job)
	}
}

// diskDone takes the result of a job. A paused process takes it when it wakes.
func (r *Recorder) diskDone(job *journal.Job, res *journal.Result) {
	if r.w.cfg.Trace != nil {
		r.traceDisk(job, res)
	}
	r.w.observeDisk(r, job, res)
	if r.asleep.on {
		r.results = append(r.results, res)
		return
	}
	r.m.DiskDone(r.now(), res)
	r.settle()
}

// traceDisk writes what became of a job.
func (r *Recorder) traceDisk(job *journal.Job, res *journal.Result) {
	st := &res.State
	what := ""
	for i := range job.Records {
		what += " " + job.Records[i].Frames.String()
	}
	if job.Sync {
		what += " sync"
	}
	if job.Read.Len() > 0 {
		what += " read " + job.Read.String()
	}
	if res.Err != nil {
		what += ": " + res.Err.Error()
	}
	r.w.trace("%v log of %016x: [%d, %d), written %d, synced %d, again %v:%s", r, job.Key.Session,
		st.Oldest.Seq, st.Next.Seq, st.Written, st.Synced, res.Again, what)
}

// wake hands over the results that came while the process was paused.
func (r *Recorder) wake() {
	list := r.results
	r.results = nil
	for _, res := range list {
		r.m.DiskDone(r.now(), res)
	}
}

// LosePower ends the process with its machine: of what wasn't synced, any part is lost. Crash
// ends it as kill -9 does: what was written stays.
func (r *Recorder) LosePower() { r.end(true) }

// leave ends the process as one that is told to: it writes what it holds, and seals its log.
func (r *Recorder) leave() {
	r.m.Close(r.now())
	r.drain()
	r.work()
	if err := r.log.close(); err != nil {
		r.w.trace("%v: its log doesn't close: %v", r, err)
	}
}

// Flip flips a bit of a file of the log, wherever.
func (r *Recorder) Flip() {
	if name, bit, ok := r.cfg.Disk.FlipAny(); ok {
		r.flips++
		r.w.trace("flip bit %d of %s at %v", bit, name, r)
	}
}

// Fill lets the disk have no room for more, or as much again as it had.
func (r *Recorder) Fill(full bool) {
	d := r.cfg.Disk
	if !r.full {
		r.capacity = d.Capacity
	}
	if r.full = full; full {
		d.Capacity = max(d.Used(), 1)
	} else {
		d.Capacity = r.capacity
	}
	r.filled = r.filled || full
}

// Filled reports whether the disk had no room at a time.
func (r *Recorder) Filled() bool { return r.filled }

// FailSyncs lets the next n syncs of the disk fail; 0: none.
func (r *Recorder) FailSyncs(n int64) {
	r.cfg.Disk.FailSyncs(n)
	r.unsynced = r.unsynced || n != 0
}

// FailedSyncs reports whether syncs of the disk were to fail. What was written before such a
// one is doubtful, and the log may give it up.
func (r *Recorder) FailedSyncs() bool { return r.unsynced }

// Flips returns how many bits of the log were flipped.
func (r *Recorder) Flips() int { return r.flips }

// Disk returns the recorder's disk, to look at or to break.
func (r *Recorder) Disk() *disk.Disk { return r.cfg.Disk }

// Log returns the recorder's log, or nil while its process doesn't run. It must only be
// looked at.
func (r *Recorder) Log() *journal.Log { return r.log.log }

// Report returns what was found wrong in the log when the process started last.
func (r *Recorder) Report() *journal.Report { return r.report }

// LostPower reports whether the process ended with its machine.
func (r *Recorder) LostPower() bool { return r.power }

// LogConfig returns the configuration of the recorder's log.
func (r *Recorder) LogConfig() journal.Config { return r.cfg.Log }

// Machine returns the recorder's machine, which a test knows by its type.
func (r *Recorder) Machine() Recording { return r.m }

// Recorders returns the recorders in the order in which they were added.
func (w *World) Recorders() []*Recorder { return w.recorders }

// Recorder returns the recorder that the process is, or nil.
func (s *Subscriber) Recorder() *Recorder { return s.recorder }

// recording is a Recording as a subscriber's machine: it has no application.
type recording struct{ Recording }

// Memberships returns the groups that the machine wants, if it is one that says so.
func (r recording) Memberships() (version uint64, groups []netip.AddrPort) {
	if m, ok := r.Recording.(joiner); ok {
		return m.Memberships()
	}
	return 0, nil
}

// joiner is a Recording that wants groups.
type joiner interface {
	Memberships() (version uint64, groups []netip.AddrPort)
}

// follows reports whether the recorder says which groups it wants.
func (r *Recorder) follows() bool {
	_, ok := r.m.(joiner)
	return ok && (len(r.cfg.Record.Topics) > 0 ||
		slices.ContainsFunc(r.cfg.Record.Groups, netip.AddrPort.IsValid))
}

func (recording) Keep()                            {}
func (recording) Poll([]reliable.Run) int          { return 0 }
func (recording) Stats() receive.Stats             { return receive.Stats{} }
func (recording) Memory() int                      { return 0 }
func (recording) Sessions() []receive.SessionStats { return nil }
