package scenario

import (
	"errors"
	"fmt"

	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/reliable/record"
	"crier/testnet/disk"
	"crier/testnet/link"
	"crier/testnet/world"
)

// Recorder is a process that records all sessions to a log, and serves what the publishers no
// longer hold.
type Recorder struct {
	// Name is its name in events, results and traces.
	Name string `yaml:"name"`
	// At is when its process starts.
	At Duration `yaml:"at,omitempty"`
	// Segment is the part of the network before its own links, Down and Up are its links, as
	// of a subscriber.
	Segment string `yaml:"segment,omitempty"`
	Down    Link   `yaml:"down,omitempty"`
	Up      Link   `yaml:"up,omitempty"`
	// Topic is the topic that it records, Partitions are those that it records of it, and
	// JoinDelay is how long it takes to join a group.
	Topic      string     `yaml:"topic,omitempty"`
	Partitions Partitions `yaml:"partitions,omitempty"`
	JoinDelay  Duration   `yaml:"join-delay,omitempty"`
	// Keep bounds its log, as a ring of segments of SegmentSize; Fsync says when it is
	// synced.
	Keep        Size          `yaml:"keep,omitempty"`
	SegmentSize Size          `yaml:"segment-size,omitempty"`
	Fsync       journal.Fsync `yaml:"fsync,omitempty"`
	// Disk is the size of its disk, DiskRate and DiskWait are how fast it writes, and how
	// long it takes to sync.
	Disk     Size             `yaml:"disk,omitempty"`
	DiskRate reliable.BitRate `yaml:"disk-rate,omitempty"`
	DiskWait Duration         `yaml:"disk-wait,omitempty"`
	// Window bounds the memory for what waits of one session, Tail that for frames on their
	// way to the disk and behind it, SocketQueue how many datagrams wait at its socket while
	// it is paused.
	Window      Size `yaml:"window,omitempty"`
	Tail        Size `yaml:"tail,omitempty"`
	SocketQueue int  `yaml:"socket-queue,omitempty"`
}

// log returns the configuration of the recorder's log.
func (r *Recorder) log() journal.Config {
	return journal.Config{
		Keep: journal.Keep{Bytes: int64(r.Keep)}, Segment: int64(r.SegmentSize),
		Fsync: r.Fsync,
	}
}

// device returns the recorder's disk, which is empty.
func (r *Recorder) device(seed uint64) *disk.Disk {
	d := disk.New(seed)
	d.Capacity = int64(r.Disk)
	d.Speed = disk.Speed{Bytes: int64(r.DiskRate) / 8, Sync: r.DiskWait.d()}
	return d
}

// node returns the recorder's process, without links.
func (r *Recorder) node() world.SubscriberConfig {
	return world.SubscriberConfig{
		Name: r.Name, At: reliable.Time(r.At), SocketQueue: r.SocketQueue,
		JoinDelay: r.JoinDelay.d(),
		Receiver:  receive.Config{Name: r.Name, Memory: receive.Memory{Buffer: int(r.Window)}},
	}
}

func (r *Recorder) validate(segments map[string]bool) (string, error) {
	switch {
	case r.Segment != "" && !segments[r.Segment]:
		return ".segment", fmt.Errorf("there is no segment %q: list it under segments", r.Segment)
	case len(r.Partitions) > 0 && r.Topic == "":
		return ".partitions", errors.New("partitions are of a topic, and there is none: give its " +
			"name")
	case r.SocketQueue < 0:
		return ".socket-queue", errors.New("it must not be negative")
	case r.DiskRate > 8_000_000_000_000:
		return ".disk-rate", fmt.Errorf("%v is more than 8Tbit", r.DiskRate)
	case r.Window != 0 && r.Window < 64<<10:
		return ".window", fmt.Errorf("%d bytes are less than 64 KiB", r.Window)
	case r.Tail != 0 && r.Tail < 2<<20:
		return ".tail", fmt.Errorf("%d bytes are less than 2 MiB", r.Tail)
	case r.SegmentSize != 0 &&
		(r.SegmentSize < journal.MinSegment || r.SegmentSize > journal.MaxSegment):
		return ".segment-size", fmt.Errorf("%d bytes are outside %d to %d", r.SegmentSize,
			journal.MinSegment, journal.MaxSegment)
	case r.Keep != 0 && r.Keep < 2*max(r.SegmentSize, journal.MinSegment):
		return ".keep", errors.New("a log keeps two segments or more: give it more, or smaller " +
			"segments with segment-size")
	case r.Disk != 0 && r.Disk < 2*max(r.SegmentSize, journal.MinSegment):
		return ".disk", errors.New("a log has two segments or more: give the disk more room, or " +
			"smaller segments with segment-size")
	}
	if err := r.Down.validate(); err != nil {
		return ".down", err
	}
	if err := r.Up.validate(); err != nil {
		return ".up", err
	}
	cfg := r.node().Receiver
	cfg.ID = 1
	_, err := cfg.Complete()
	return keyed(err)
}

// addRecorder adds a recorder to the World.
func (r *Run) addRecorder(number int) error {
	c := &r.s.Recorders[number]
	cfg := world.RecorderConfig{
		Subscriber: c.node(), Log: c.log(),
		Record: record.Config{Tail: int(c.Tail), Topics: topics(c.Topic, c.Partitions)},
		Disk:   c.device(link.Seed(r.seed, uint64(number), 0x6469736b)),
	}
	cfg.Subscriber.Segment = r.segments[c.Segment]
	var err error
	if cfg.Subscriber.Down, err = r.records.link(&c.Down, 0, 1); err != nil {
		return fmt.Errorf("down: %w", err)
	}
	if cfg.Subscriber.Up, err = r.records.link(&c.Up, 0, 1); err != nil {
		return fmt.Errorf("up: %w", err)
	}
	rec, err := r.w.AddRecorder(cfg)
	if err == nil {
		r.recorders = append(r.recorders, rec)
	}
	return err
}
