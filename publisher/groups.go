package publisher

import "time"

// Retention bounds what a Publisher keeps for repair.
type Retention struct {
	// Memory bounds the memory that holds sent messages for repair, in
	// bytes; 0 means 64 MiB. A message larger than it is refused.
	Memory int
	// Disk bounds what is kept on disk, in bytes, of what Memory has no room to
	// keep; 0 means nothing. Dir is where; it must be there. Nothing of it
	// outlives the process. A message of more than a quarter of Memory may have
	// to wait for subscribers, as without a disk.
	Disk int64
	Dir  string
}

// Flow says what happens when messages come faster than the network, the subscribers that
// count, or the rate limit take them.
type Flow struct {
	// Pace says whose pace counts; the zero value is nobody's. What those that count
	// have yet to take is kept, in Retention.Memory and then on disk. With another pace
	// than nobody's, nothing is accepted in the first 100 ms, so that subscribers can
	// say where they are.
	Pace Pace
	// WhenFull says what becomes of a message for which there is no room.
	WhenFull WhenFull
	// WaitFor, if not 0, lets Publish wait until so many subscribers were heard.
	WaitFor int
	// StallTimeout is how long a subscriber that makes no progress may leave no room
	// for others; 0 means 5 s. Then it is left out of the count, and counts again
	// once it has caught up.
	StallTimeout time.Duration
	// MaxRate bounds what is sent, in bytes of datagrams a second, their IP and UDP
	// headers not counted; 0 means no bound. Burst is how much may go out at once, in
	// bytes; 0 means what the rate gives in 1 ms.
	MaxRate, Burst uint64
}

// Repair bounds what repairs may take.
type Repair struct {
	// Share is the part of the data rate that repairs may use, up to 10; 0
	// means 0.5. Floor is what they may use in any case, in bytes a second; 0
	// means 16 MiB. One subscriber gets half of that while there are others. What
	// must wait longer than a Close is willing to is not repaired.
	Share float64
	Floor uint64
	// Linger is how long Close goes on repairing after a subscriber last asked, or may
	// yet ask; 0 means 1 s. A subscriber that can't run for so long just then, or hears
	// nothing, loses what it misses.
	Linger time.Duration
}
