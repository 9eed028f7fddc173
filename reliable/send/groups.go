package send

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rate"
	"crier/reliable/store"
)

// Retention bounds the frames kept for repair.
type Retention struct {
	// ResendBuffer bounds the memory that holds sent messages for repair, in bytes; 0 means
	// 64 MiB. Partitions have equal parts of it. A part must hold 8 full frames, and holds at
	// most one frame for each 256 bytes. An index of 24 bytes a frame comes on top. A message
	// that is larger than a part is refused.
	ResendBuffer int
	// Disk bounds the frames on disk when ResendBuffer is full, in bytes; 0 means none.
	// The heads of blocks count. A message of more than a quarter of ResendBuffer may have
	// to wait for subscribers, as without a disk.
	Disk int64
	// DiskDir is the directory that holds it, for whatever does the Sender's disk jobs. It
	// must exist. Nothing in it outlives the process.
	DiskDir string
}

func (r *Retention) setDefaults() {
	if r.ResendBuffer == 0 {
		r.ResendBuffer = defaultResendBuffer
	}
}

// validate checks the group, for datagrams of the given size, and so many partitions.
func (r *Retention) validate(datagram, partitions int) error {
	stride := frame.DataSize(datagram)
	switch {
	case int64(r.ResendBuffer) > maxMemory:
		return config.Errorf("Retention.ResendBuffer", "a resend buffer of %d bytes is more than "+
			"this machine can have; use at most %d", r.ResendBuffer, int64(maxMemory))
	case r.ResendBuffer < store.MinFrames*stride:
		return config.Errorf("Retention.ResendBuffer", "a resend buffer of %d bytes is too small: "+
			"%d frames of %d bytes need %d",
			r.ResendBuffer, store.MinFrames, stride, store.MinFrames*stride)
	case r.ResendBuffer/partitions < store.MinFrames*stride:
		return config.Errorf("Retention.ResendBuffer", "a resend buffer of %d bytes is too small "+
			"for %d partitions, each of which holds %d frames of %d bytes: use at least %d bytes, "+
			"or at most %d partitions", r.ResendBuffer, partitions, store.MinFrames, stride,
			partitions*store.MinFrames*stride, r.ResendBuffer/(store.MinFrames*stride))
	case r.Disk < 0 || r.Disk > 0 && r.Disk < journal.BlockSize(1, stride):
		return config.Errorf("Retention.Disk", "%d bytes on disk hold no frame: "+
			"use 0 for none, or at least %d", r.Disk, journal.BlockSize(1, stride))
	}
	return nil
}

// Record says that a session keeps a log of its own, which outlives the process. Then the
// log is the disk part of the resend buffer.
type Record struct {
	// On has all frames written as soon as they are sealed.
	On bool
	// Room bounds the frames in the log that subscribers whose pace counts have yet to take,
	// in bytes; 0 means no bound.
	Room int64
	// Wait says that messages wait for room until their frames are written. Otherwise the
	// log lacks frames, by name, for which the disk is too slow.
	Wait bool
	// Sync is how often the log is synced; 0 leaves that to whatever does the jobs.
	Sync time.Duration
}

// Flow selects the answer to messages that come faster than the network, the subscribers
// that count, or the rate limit take them.
type Flow struct {
	// Pace selects the subscribers whose pace counts: messages that they have yet to take
	// are kept. The zero value selects none. With another value, no message is accepted
	// in the first 100 ms, so that subscribers can report their positions.
	Pace reliable.Pace
	// WhenFull selects the treatment of a message that finds no room.
	WhenFull reliable.WhenFull
	// WaitFor, if not 0, is the number of subscribers that must report their positions
	// before a message is accepted.
	WaitFor int
	// StallTimeout is how long a subscriber without progress may leave no room for others
	// before it is evicted from the count; 0 means 5 s. It counts again once it has
	// caught up.
	StallTimeout time.Duration
	// MaxRate bounds the traffic, in bits of datagrams a second, without their IP and UDP
	// headers; 0 means no bound. HEARTBEAT and other control frames don't wait for it:
	// data and repairs leave room for them.
	MaxRate reliable.BitRate
	// MaxBurst is the number of bytes that may go out at once; 0 means as many as the rate
	// gives in 1 ms, and at least two datagrams.
	MaxBurst uint64
}

func (f *Flow) setDefaults(datagram int) {
	if f.StallTimeout == 0 {
		f.StallTimeout = defaultStallTimeout
	}
	if f.MaxBurst == 0 && f.MaxRate > 0 {
		f.MaxBurst = max(2*uint64(datagram), min(f.MaxRate.Bytes()/1000, reliable.MaxBatch))
	}
}

// validate checks the group, for datagrams and a table of subscribers of the given sizes.
func (f *Flow) validate(datagram, members int) error {
	switch {
	case f.StallTimeout < 0:
		return config.Errorf("Flow.StallTimeout", "a stall timeout of %v is negative",
			f.StallTimeout)
	case f.WhenFull > reliable.Drop:
		return config.Errorf("Flow.WhenFull", "what to do when full, %d, is not known", f.WhenFull)
	case f.WaitFor < 0 || f.WaitFor > members:
		return config.Errorf("Flow.WaitFor", "waiting for %d subscribers is outside 0 to %d",
			f.WaitFor, members)
	case f.MaxRate > maxRate || f.MaxRate > 0 && f.MaxRate.Bytes() < uint64(datagram):
		return config.Errorf("Flow.MaxRate", "a rate of %v is outside %v to %v",
			f.MaxRate, reliable.BitRate(8*datagram), maxRate)
	case f.MaxBurst > 0 && f.MaxRate == 0:
		return config.Errorf("Flow.MaxBurst", "a burst of %d bytes is one of a rate limit: "+
			"give MaxRate as well", f.MaxBurst)
	case f.MaxBurst > rate.MaxBurst:
		return config.Errorf("Flow.MaxBurst", "a burst of %d bytes is more than %d", f.MaxBurst,
			rate.MaxBurst)
	}
	if err := f.Pace.Validate(); err != nil {
		return config.Errorf("Flow.Pace", "%v", err)
	}
	return nil
}

// Repair bounds repairs.
type Repair struct {
	// Share is the part of the data rate that repairs may use, up to 10; 0 means 0.5.
	Share float64
	// Floor is the rate that they may always use, in bits a second; 0 means 128 Mbit/s.
	// One subscriber gets half of that while there are others. Repairs that must
	// wait longer than a closed session lingers are not made.
	Floor reliable.BitRate
	// Linger is how long a closed session goes on repairing after a subscriber last asked,
	// or may yet ask; 0 means 1 s. A subscriber that is stopped for that long, or hears
	// nothing, loses the messages that it misses.
	Linger time.Duration
}

func (r *Repair) setDefaults() {
	if r.Share == 0 {
		r.Share = nack.DefaultShare
	}
	if r.Floor == 0 {
		r.Floor = 8 * nack.DefaultFloor
	}
	if r.Linger == 0 {
		r.Linger = defaultLinger
	}
}

func (r *Repair) validate() error {
	switch {
	case !(r.Share >= 0 && r.Share <= 10):
		return config.Errorf("Repair.Share", "a repair share of %v is outside 0 to 10", r.Share)
	case r.Floor > maxRate:
		return config.Errorf("Repair.Floor", "a rate of %v is more than %v", r.Floor, maxRate)
	case r.Linger < 0:
		return config.Errorf("Repair.Linger", "to linger for %v is not possible: it is negative",
			r.Linger)
	}
	return nil
}

// budget returns the budget of repairs where the traffic is bounded to most, or not at all
// if most is 0.
func (r *Repair) budget(most reliable.BitRate) *nack.Budget {
	cfg := nack.BudgetConfig{Share: r.Share, Floor: r.Floor.Bytes()}
	if most > 0 { // askers of confirmed frames know how long to wait, and leave room
		cfg.Floor, cfg.Confirms = min(cfg.Floor, most.Bytes()), most.Bytes()/confirmPart
	}
	return nack.NewBudget(cfg)
}
