package job

import (
	"time"

	"crier/cmd/crier/hist"
)

// Ready describes a worker's sockets.
type Ready struct {
	// Address is the one that a TCP subscriber listens at.
	Address string `json:",omitempty"`
	MTU     int
	// ReadBuffer and WriteBuffer are in bytes that the kernel granted; 0 if unknown.
	ReadBuffer, WriteBuffer int
	// Datagram is the size of a full one.
	Datagram int `json:",omitempty"`
}

// Result holds the figures of a worker.
type Result struct {
	// Messages were sent, or delivered; Missing ones were sent and not delivered. Lost ones
	// of these have a loss report. Disorder counts messages out of order, or twice.
	Messages  uint64
	Missing   uint64 `json:",omitempty"`
	Lost      uint64 `json:",omitempty"`
	Disorder  uint64 `json:",omitempty"`
	Recovered uint64 `json:",omitempty"`

	// Rate is in messages a second, from the first message to the last.
	Rate float64
	// CPU is the processor time of the process, without waits for due times.
	CPU time.Duration
	// Allocs are heap allocations.
	Allocs uint64
	// RSS is the resident memory when the work began and when it ended, in bytes.
	RSS [2]uint64
	// ClockShift is how much the wall clock moved against the monotonic one.
	ClockShift time.Duration

	// Latency is of messages that needed no repair, or the round trip; Repaired of others.
	Latency  *hist.Histogram `json:",omitempty"`
	Repaired *hist.Histogram `json:",omitempty"`
	// Recovery is from finding a gap to its repair, and Found the rest of Repaired.
	Recovery *hist.Histogram `json:",omitempty"`
	Found    *hist.Histogram `json:",omitempty"`
	// Kernel is from due time to the receiving kernel.
	Kernel *hist.Histogram `json:",omitempty"`
	// Late is the delay with which a publisher published.
	Late *hist.Histogram `json:",omitempty"`

	// Datagrams, Bytes and Calls were sent; Bytes are UDP's or TCP's payload.
	Datagrams   uint64 `json:",omitempty"`
	Bytes       uint64 `json:",omitempty"`
	Calls       uint64 `json:",omitempty"`
	Nacks       uint64 `json:",omitempty"`
	Repairs     uint64 `json:",omitempty"`
	KernelDrops uint64 `json:",omitempty"`
	// IdleSent and IdleHeard are the datagrams a second that a publisher sent and heard when all
	// had arrived.
	IdleSent  float64 `json:",omitempty"`
	IdleHeard float64 `json:",omitempty"`
	// Served is in bytes of messages a second, at a survivor that lacked them.
	Served     float64 `json:",omitempty"`
	SendErrors uint64  `json:",omitempty"`

	// Of a worker in a team: Again counts messages that another one may have had, Numbers adds up
	// the numbers of the others, and First and Last are when they came, in nanoseconds since 1970.
	Again       uint64 `json:",omitempty"`
	Numbers     uint64 `json:",omitempty"`
	First, Last int64  `json:",omitempty"`
	// Moving is of messages whose partition has just moved.
	Moving *hist.Histogram `json:",omitempty"`

	// Phases are those of a spill, and Drained the time of catching up while nothing was
	// published.
	Phases  []Phase       `json:",omitempty"`
	Drained time.Duration `json:",omitempty"`
	// Damaged messages differ from the published ones.
	Damaged    uint64 `json:",omitempty"`
	DiskErrors uint64 `json:",omitempty"`
}
