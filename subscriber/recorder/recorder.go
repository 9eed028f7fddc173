package recorder

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/record"
	"crier/subscriber/recorder/disk"
)

// Recorder records groups to a log, and serves it.
type Recorder struct {
	cfg    Config
	report *journal.Report
	// disk does the jobs. own is it if the log is the Recorder's own.
	disk Disk
	own  *disk.Disk

	// conns are the sockets of the groups that are joined from the start, members all groups by
	// feed, and back the socket that sends and is asked.
	conns   []multicast.Conn
	members []*multicast.Memberships
	back    multicast.Conn
	loop    *multicast.Loop
	start   time.Time

	// The loop's lock guards the fields from here to failed.

	rec     *record.Recorder
	machine machine
	closing bool
	// gone is closed when the machine closes, all is written and the publishers are told.
	gone chan struct{}

	// told takes events to the goroutine that logs them.
	told chan []record.Event
	logs sync.WaitGroup
	// opened is closed when New has opened the sockets, or failed to.
	opened chan struct{}

	finish   sync.Once
	closeErr error
}

// New opens the log and the sockets, and starts to record. An error about the configuration is
// a *config.Error with the field's name and the reason. Others are sentences about the log, or
// the system's.
func New(cfg Config) (*Recorder, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	r := &Recorder{
		cfg: cfg, disk: cfg.Disk, report: &journal.Report{}, gone: make(chan struct{}),
		told: make(chan []record.Event, 16), opened: make(chan struct{}),
	}
	err := r.openLog()
	if err == nil {
		err = r.open()
	}
	close(r.opened)
	if err != nil {
		return nil, errors.Join(err, r.closeConns(), r.closeLog())
	}
	return r, nil
}

// openLog opens the Recorder's own log, if it has one.
func (r *Recorder) openLog() error {
	if r.disk != nil {
		return nil
	}
	own, report, err := disk.Open(r.cfg.Dir, journal.Config{
		Keep: r.cfg.Keep, Segment: r.cfg.Segment, Fsync: r.cfg.Fsync,
	})
	if err != nil {
		return err
	}
	r.own, r.disk, r.report = own, own, report
	return nil
}

// open opens the sockets and starts the loop.
func (r *Recorder) open() error {
	var ids [16]byte
	rand.Read(ids[:]) // never fails
	c := &r.cfg
	homes := c.homes()
	if err := r.openGroups(homes); err != nil {
		return err
	}
	var err error
	r.back, err = c.Link.Fan(multicast.SocketConfig{
		Interface: c.Interface, Group: homes[0], Logger: c.Logger,
	}, c.Feeds)
	if err != nil {
		return err
	}
	timer, err := c.Link.Network.Timer()
	if err != nil {
		return err
	}
	r.start = time.Now()
	datagram := reliable.DefaultDatagram
	link := multicast.Link{MTU: r.back.Stats().MTU, Local: r.back.LocalAddr()}
	if most := link.Datagram(); most > 0 {
		datagram = min(most, datagram)
	}
	aging := time.Duration(0)
	if age := c.Keep.Age; age > 0 {
		aging = max(time.Second, min(age/agings, time.Minute))
	}
	r.rec, err = record.New(record.Config{
		ID:   binary.NativeEndian.Uint64(ids[:8]) | 1,
		Seed: binary.NativeEndian.Uint64(ids[8:]), Name: c.Name, Epoch: r.start,
		Groups: c.Groups, Topics: c.Topics, Datagram: datagram, States: r.disk.States(),
		Fsync: c.Fsync, ServeOnly: c.Disk != nil, Except: c.Except,
		NoInquest: c.Source.IsValid(), Aging: aging,
		Recovery: c.Recovery, Memory: c.Memory, Tail: c.Tail, ServeRate: c.ServeRate,
	})
	if err != nil {
		return errors.Join(err, timer.Close())
	}
	r.machine.r, r.machine.first = r, homes[0]
	r.logs.Go(r.logEvents)
	r.loop = multicast.NewLoop(multicast.LoopConfig{
		Machine: &r.machine, Out: r.back, In: r.conns, Timer: timer, Wait: c.Link.Wait,
		Start: r.start, Memberships: r.members, Logger: c.Logger,
	})
	r.loop.Run()
	return nil
}

// openGroups joins groups on each feed. Those of partitions follow once they are known.
func (r *Recorder) openGroups(homes []netip.AddrPort) error {
	c := &r.cfg
	for feed := range max(1, len(c.Feeds)) {
		m := c.Link.Memberships(multicast.GroupConfig{
			Interface: c.Interface, Feed: feed, Source: c.Source, Logger: c.Logger,
		}, c.Feeds)
		r.members = append(r.members, m)
		for index, group := range homes {
			conn, err := m.Open(group, index)
			if err != nil {
				return err
			}
			r.conns = append(r.conns, conn)
		}
	}
	return nil
}

// agings is how often a log that is bounded by age looks for what is too old, within that age.
const agings = 16

// dispatch hands the machine's jobs to the disk, and its events to the goroutine that logs them.
// The caller holds the lock.
func (r *Recorder) dispatch() {
	for job, ok := r.rec.NextDisk(); ok; job, ok = r.rec.NextDisk() {
		r.disk.Start(job, r.machine.done)
	}
	if r.rec.Tells() && len(r.told) < cap(r.told) {
		r.told <- r.rec.Events(nil)
	}
}

// diskDone takes a job's result, on the disk's goroutine.
func (r *Recorder) diskDone(res *journal.Result) {
	r.loop.Lock()
	r.rec.DiskDone(reliable.Time(r.loop.Now()), res)
	r.dispatch()
	r.loop.SettleNow()
}

// LocalAddr returns the address by which the Recorder is asked.
func (r *Recorder) LocalAddr() netip.AddrPort { return r.back.LocalAddr() }

// Report tells what was found wrong in the log when it was opened, and put in order.
func (r *Recorder) Report() *journal.Report { return r.report }

// States returns what the log held when it was opened.
func (r *Recorder) States() []journal.State { return r.disk.States() }

func (r *Recorder) closeConns() error {
	var errs []error
	for _, c := range r.conns {
		errs = append(errs, c.Close())
	}
	if r.back != nil {
		errs = append(errs, r.back.Close())
	}
	return errors.Join(errs...)
}

func (r *Recorder) closeLog() error {
	if r.own == nil {
		return nil
	}
	return r.own.Close()
}

// writeWait bounds the time that Close waits until what is in memory is written, and publishers
// are told.
const writeWait = 10 * time.Second

// allSent notes that nothing is left to send. The caller holds the lock.
func (r *Recorder) allSent() {
	if !r.closing || !r.rec.Left() {
		return
	}
	select {
	case <-r.gone:
	default:
		close(r.gone)
	}
}

// Close stops to record and to serve, and writes, syncs and seals what is in memory. Several
// callers may close at once, and all of them wait.
func (r *Recorder) Close() error {
	r.finish.Do(func() {
		r.loop.Lock()
		r.rec.Close(reliable.Time(r.loop.Now()))
		r.closing = true
		r.dispatch()
		r.loop.SettleNow()
		timer := time.NewTimer(writeWait)
		defer timer.Stop()
		select {
		case <-r.gone:
		case <-timer.C:
		}
		err := r.closeLog()
		r.closeErr = errors.Join(err, r.loop.Close())
		r.loop.Lock()
		r.dispatch()
		close(r.told)
		r.loop.Unlock()
		r.logs.Wait()
	})
	return r.closeErr
}
