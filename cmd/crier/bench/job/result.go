package job

import (
	"crier/cmd/crier/hist"
	"time"
)

// Ready describes a worker's sockets.
type Ready struct {
	Address     string `json:",omitempty"` // that a TCP subscriber listens at
	MTU         int
	ReadBuffer  int // bytes that the kernel granted; 0 if unknown
	WriteBuffer int
	Datagram    int `json:",omitempty"` // bytes of a full one
}

// Result holds the figures of a worker.
type Result struct {
	Messages  uint64 // sent, or delivered
	Missing   uint64 `json:",omitempty"` // of what was sent; a subscriber's
	Lost      uint64 `json:",omitempty"` // of these, named in loss reports
	Disorder  uint64 `json:",omitempty"` // messages that came out of order, or twice
	Recovered uint64 `json:",omitempty"`

	// Rate is in messages a second, from the first message to the last.
	Rate float64
	// CPU is the processor time of the process, without waits for due times.
	CPU    time.Duration
	Allocs uint64 // heap allocations
	// RSS is the resident memory when the work began and when it ended, in bytes.
	RSS [2]uint64
	// ClockShift is how much the wall clock moved against the monotonic one.
	ClockShift time.Duration

	// of messages that needed no repair; or the round trip
	Latency  *hist.Histogram `json:",omitempty"`
	Repaired *hist.Histogram `json:",omitempty"` // of messages that did
	Recovery *hist.Histogram `json:",omitempty"` // from finding a gap to its repair
	// of messages that were repaired: the rest of their latency
	Found  *hist.Histogram `json:",omitempty"`
	Kernel *hist.Histogram `json:",omitempty"` // from due time to the receiving kernel
	// how late messages were handed over, a publisher's
	Late *hist.Histogram `json:",omitempty"`

	Datagrams   uint64 `json:",omitempty"` // sent
	Bytes       uint64 `json:",omitempty"` // sent, with UDP's or TCP's payload only
	Calls       uint64 `json:",omitempty"` // system calls that sent
	Nacks       uint64 `json:",omitempty"`
	Repairs     uint64 `json:",omitempty"`
	KernelDrops uint64 `json:",omitempty"`
	SendErrors  uint64 `json:",omitempty"`

	Phases []Phase `json:",omitempty"` // of a spill
	// how long catching up took while nothing was published
	Drained    time.Duration `json:",omitempty"`
	Damaged    uint64        `json:",omitempty"` // messages that are not as they were published
	DiskErrors uint64        `json:",omitempty"`
}
