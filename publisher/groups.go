package publisher

import (
	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/send"
)

// Retention bounds the messages that a Publisher keeps for repair. Each field's zero value
// means its default:
//
//	ResendBuffer int   the memory that holds sent messages for repair, in bytes; 0 means
//	                   64 MiB. A larger message is refused
//	Disk int64         the messages kept on disk when ResendBuffer is full, in bytes; 0 means
//	                   none. One of more than a quarter of ResendBuffer may wait for
//	                   subscribers all the same
//	DiskDir string     the directory that holds them, which must exist; nothing in it
//	                   outlives the process
type Retention = send.Retention

// Flow selects the answer to messages that come faster than the network, the subscribers
// that count, or the rate limit take them. Each field's zero value means its default:
//
//	Pace Pace                    the subscribers whose pace counts: messages that they have
//	                             yet to take are kept. By default none counts; with another
//	                             pace, no message is accepted in the first 100 ms, so that
//	                             subscribers can report their positions
//	WhenFull WhenFull            the treatment of a message that finds no room
//	WaitFor int                  the number of subscribers that must report their positions
//	                             before a message is accepted, up to 4,096
//	StallTimeout time.Duration   how long a subscriber without progress may leave no room
//	                             for others; 0 means 5 s. Then it is evicted from the count
//	                             until it has caught up
//	MaxRate BitRate              a bound for the traffic, in bits of datagrams a second,
//	                             without their IP and UDP headers, from a datagram a second
//	                             to 8 Tbit/s; 0 means none
//	MaxBurst uint64              how much of it may go out at once, in bytes, up to 1 GiB;
//	                             0 means as much as the rate gives in 1 ms
type Flow = send.Flow

// Repair bounds repairs. Each field's zero value means its default:
//
//	Share float64          the part of the data rate that repairs may use, up to 10; 0 means
//	                       0.5
//	Floor BitRate          the rate that they may always use; 0 means 128 Mbit. One subscriber
//	                       gets half of that while there are others. Repairs that must wait
//	                       longer than Close waits are not made
//	Linger time.Duration   how long Close goes on repairing after a subscriber last asked,
//	                       or may yet ask; 0 means 1 s. A subscriber that is stopped for
//	                       that long, or hears nothing, loses the messages that it misses
type Repair = send.Repair

// BitRate is a rate in bits a second, such as 100 * Mbit. It reads and writes itself as
// text with its unit: 100Mbit.
type BitRate = reliable.BitRate

// Units of a BitRate.
const (
	Kbit BitRate = reliable.Kbit
	Mbit BitRate = reliable.Mbit
	Gbit BitRate = reliable.Gbit
)

// Record selects a log that the Publisher keeps of its own session, in a directory that
// outlives the process. It is then the disk part of the resend buffer: messages that the
// resend buffer no longer holds are repeated from it, and those that subscribers have yet to
// take whose pace counts are kept in it.
//
// The stream goes on while the disk is full, broken, or too slow. What leaves the resend
// buffer meanwhile is missing in the log, which names it.
type Record struct {
	// Dir is the directory of the log; empty means none. It is made if need be. One process
	// at a time may use it. Other sessions that it holds are served to subscribers.
	Dir string
	// Keep bounds the log as a ring. The zero value bounds nothing.
	Keep Keep
	// Fsync says when what was written is synced. The zero value syncs each 50 ms.
	Fsync Fsync
	// Wait makes Publish wait, as WhenFull says, rather than the log miss messages for which
	// the disk is too slow.
	Wait bool
}

// Keep bounds a log: Bytes all of its files together, and Age how long ago the last message
// of a segment was recorded. Zero fields bound nothing.
type Keep = journal.Keep

// FsyncMode says when what was written is synced.
type FsyncMode = journal.FsyncMode

// Fsync says when a log is synced: its Mode, and for FsyncInterval how often.
type Fsync = journal.Fsync

// The modes of Fsync.
const (
	// FsyncInterval syncs each Fsync.Every, by default 50 ms. A loss of power loses as much.
	FsyncInterval = journal.FsyncInterval
	// FsyncEach syncs each write.
	FsyncEach = journal.FsyncEach
	// FsyncNone leaves it to the system, which may take half a minute.
	FsyncNone = journal.FsyncNone
)
