package bench

import (
	"encoding/json"
	"io"
	"time"

	"crier/cmd/crier/hist"
)

// Roles of a worker.
const (
	rolePublisher  = "publisher"
	roleSubscriber = "subscriber"
	roleSlow       = "slow subscriber"
	roleSpiller    = "spilling publisher" // keeps the slow one's pace, on disk too
	rolePing       = "ping"               // sends, and sends again when the answer has come
	rolePong       = "pong"               // answers
	roleBareSender = "bare sender"        // as publisher, without crier
	roleBareReader = "bare reader"        // as subscriber
	roleBarePing   = "bare ping"          // as ping
	roleBarePong   = "bare pong"          // as pong
	roleFlooder    = "flooder"            // sends datagrams as fast as it may
	roleDrain      = "drain"              // counts datagrams
	roleTCPSender  = "tcp publisher"      // sends to each subscriber
	roleTCPReader  = "tcp subscriber"     // receives from the publisher
)

// Ways of waiting for messages.
const (
	waitBlock    = "block"
	waitAdaptive = "adaptive"
	waitSpin     = "spin"      // subscribers and the schedule spin; publishers block
	waitBoth     = "spin-both" // publishers spin as well
)

// spins reports whether those that receive spin, and the schedule.
func spins(wait string) bool { return wait == waitSpin || wait == waitBoth }

// Ways of handing datagrams to the kernel.
const (
	sendPlain   = "plain"    // a system call each
	sendMany    = "sendmmsg" // a system call for many
	sendOffload = "offload"  // the kernel cuts large sends
)

// Task is what a worker is to do. It is the first line that the worker reads.
type Task struct {
	Role      string
	Group     string // multicast address and port
	Back      string `json:",omitempty"` // the group that answers go to (ping and pong)
	Interface string
	Size      int     // bytes of a message, or of a datagram
	Rate      float64 `json:",omitempty"` // messages a second, due at even times; 0: as fast as the window allows
	Duration  time.Duration
	Wait      string   `json:",omitempty"`
	Send      string   `json:",omitempty"` // how a flooder sends
	Offload   bool     `json:",omitempty"`
	Drop      float64  `json:",omitempty"` // share of received datagrams that a subscriber throws away
	Seed      uint64   `json:",omitempty"` // of what is thrown away
	Sessions  []uint64 // of the publishers; a publisher's own is at Index
	Index     int      // which of the publishers, or of the subscribers, this is
	Readers   int      // subscribers
	Window    uint64   `json:",omitempty"` // messages that may be under way
	Progress  string   `json:",omitempty"` // how to open the file of counters
	Peers     []string `json:",omitempty"` // TCP addresses of the subscribers

	Slow     int      // subscribers that crawl, besides the others; their Index follows the others'
	Pressure Pressure // what becomes of messages that they don't take
}

// Pressure is what a task says of producers that outrun a consumer. The zero value
// is what publishers and subscribers do by default.
type Pressure struct {
	Work     time.Duration `json:",omitempty"` // what a message costs a slow subscriber
	Overload string        `json:",omitempty"` // what it does with those that it can't take
	Buffer   int           `json:",omitempty"` // bytes that wait for it at most

	Resend int  `json:",omitempty"` // bytes of the publisher's resend buffer
	Drop   bool `json:",omitempty"` // messages that find no room there are dropped

	Backlog  int64         `json:",omitempty"` // bytes of messages that the slow one is to be behind, besides Resend
	Disk     int64         `json:",omitempty"` // bytes on disk at most
	DiskDir  string        `json:",omitempty"`
	Floor    uint64        `json:",omitempty"` // bytes a second that may go to whoever is behind, in any case
	Patience time.Duration `json:",omitempty"` // how long the backlog may take to grow, and to drain
}

// checked says whether the publisher keeps all that a slow subscriber has yet to
// take, on disk too, and whether subscribers hold every byte against what was
// published.
func (t *Task) checked() bool { return t.Pressure.Backlog > 0 }

// Steps of a conversation. The coordinator says the first kind, the worker the
// second.
const (
	stepTask   = "task"
	stepGo     = "go"     // begin
	stepFinish = "finish" // so many messages were sent: wait for them, then report
	stepEnd    = "end"    // report

	stepReady  = "ready"  // everything is open, and hears what is sent from now on
	stepSent   = "sent"   // the publisher has sent what it had to
	stepResult = "result" // the worker's last word
	stepFailed = "failed" // instead of any of these
)

// message is one line between coordinator and worker. Which fields mean
// something depends on Step.
type message struct {
	Step   string
	Task   *Task    `json:",omitempty"`
	Ready  *Ready   `json:",omitempty"`
	Counts []uint64 `json:",omitempty"` // finish: messages, by publisher; sent: one number
	Result *Result  `json:",omitempty"`
	Error  string   `json:",omitempty"`
}

// Ready is what a worker tells of its sockets.
type Ready struct {
	Address     string `json:",omitempty"` // that a TCP subscriber listens at
	MTU         int
	ReadBuffer  int // bytes that the kernel granted; 0 if unknown
	WriteBuffer int
	Datagram    int `json:",omitempty"` // bytes of a full one
}

// Result is what one worker measured.
type Result struct {
	Messages  uint64 // sent, or delivered
	Missing   uint64 `json:",omitempty"` // of what was sent; a subscriber's
	Lost      uint64 `json:",omitempty"` // of these, named in loss reports
	Disorder  uint64 `json:",omitempty"` // messages that came out of order, or twice
	Recovered uint64 `json:",omitempty"`

	// Rate is in messages a second, from the first message to the last.
	Rate float64
	// CPU is the processor time of the process, less what it spent in waiting
	// for due times.
	CPU    time.Duration
	Allocs uint64 // heap allocations
	// RSS is the resident memory when the work began and when it ended, in bytes.
	RSS [2]uint64
	// ClockShift is how much the wall clock moved against the monotonic one.
	ClockShift time.Duration

	Latency  *hist.Histogram `json:",omitempty"` // of messages that needed no repair; or the round trip
	Repaired *hist.Histogram `json:",omitempty"` // of messages that did
	Recovery *hist.Histogram `json:",omitempty"` // from finding a gap to its repair
	Found    *hist.Histogram `json:",omitempty"` // of messages that were repaired: the rest of their latency
	Kernel   *hist.Histogram `json:",omitempty"` // from due time to the receiving kernel
	Late     *hist.Histogram `json:",omitempty"` // how late messages were handed over, a publisher's

	Datagrams   uint64 `json:",omitempty"` // sent
	Bytes       uint64 `json:",omitempty"` // sent, with UDP's or TCP's payload only
	Calls       uint64 `json:",omitempty"` // system calls that sent
	Nacks       uint64 `json:",omitempty"`
	Repairs     uint64 `json:",omitempty"`
	KernelDrops uint64 `json:",omitempty"`
	SendErrors  uint64 `json:",omitempty"`

	Phases     []Phase       `json:",omitempty"` // of a spill
	Drained    time.Duration `json:",omitempty"` // how long catching up took while nothing was published
	Damaged    uint64        `json:",omitempty"` // messages that are not as they were published
	DiskErrors uint64        `json:",omitempty"`
}

// lines writes and reads messages.
type lines struct {
	enc *json.Encoder
	dec *json.Decoder
}

func newLines(r io.Reader, w io.Writer) *lines {
	return &lines{json.NewEncoder(w), json.NewDecoder(r)}
}

func (l *lines) say(m *message) error { return l.enc.Encode(m) }

func (l *lines) hear() (*message, error) {
	m := new(message)
	if err := l.dec.Decode(m); err != nil {
		return nil, err
	}
	return m, nil
}
