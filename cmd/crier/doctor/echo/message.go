package echo

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/reliable/frame"
)

// op is the kind of a message.
type op uint8

const (
	opHello   op = iota + 1 // asks for the Host's name. Carries a greeting
	opWelcome               // the Host's greeting, and a cookie
	opAsk                   // a question, as JSON
	opTold                  // its answer, as JSON
	opProbe                 // a probe of the host that measures
	opAnswer                // an answer of the Host's to a probe
)

// version is the version of the echo's messages.
const version = 1

const (
	messageHead = 1 + 8 // op and cookie
	probeBody   = 1 + 1 + 4 + 8 + 8 + 8
	// asking is the size of the body of a greeting and of a question, so that no answer is
	// larger.
	asking = 1200
	// telling bounds the body of an answer.
	telling = asking
	// smallFrame is the size of the datagrams that are counted.
	smallFrame = 128
)

// message is the content of one datagram.
type message struct {
	op     op
	run    uint64 // a random number for one measurement
	cookie uint64 // the Host gave it out
	body   []byte
}

// codec encodes and decodes datagrams. One goroutine at a time may use it.
type codec struct {
	enc   frame.Encoder
	dec   frame.Decoder
	frame frame.Frame
	buf   []byte
}

// append appends the datagram of a message.
func (c *codec) append(dst []byte, m message) []byte {
	c.buf = append(c.buf[:0], byte(m.op))
	c.buf = binary.BigEndian.AppendUint64(c.buf, m.cookie)
	c.buf = append(c.buf, m.body...)
	return c.enc.AppendProbe(dst, m.run, c.buf)
}

// Errors of decode.
var (
	errForeign   = errors.New("not a crier frame")
	errOther     = errors.New("a crier frame without a probe")
	errMalformed = errors.New("a malformed probe")
)

// decode parses a datagram. The message's body is a view of it.
func (c *codec) decode(datagram []byte) (message, error) {
	if err := c.dec.Decode(datagram, &c.frame); err != nil {
		return message{}, errForeign
	}
	p, ok := c.frame.Probe()
	switch {
	case !ok:
		return message{}, errOther
	case len(p) < messageHead:
		return message{}, errMalformed
	}
	return message{
		op: op(p[0]), run: c.frame.Session, cookie: binary.BigEndian.Uint64(p[1:]),
		body: p[messageHead:],
	}, nil
}

// pass numbers the series of probes of one measurement.
type pass uint8

const (
	passJoin    pass = iota + 1 // until the first one is heard after joining
	passTrip                    // unicast both ways
	passGroup                   // to the group both ways, one by one
	passFlood                   // to the group both ways, many
	passBack                    // unicast to the Host, and back to the group
	passBurst                   // to the group, as fast as the kernel takes them
	passMTU                     // datagrams of many sizes to the Host
	passMTUBack                 // and from it
	passNACK                    // to the port that NACKs go to
	passes
)

// reply says where the answer to a probe goes.
type reply uint8

const (
	replyNone reply = iota
	replyUnicast
	replyGroup
)

// probe is the body of opProbe and opAnswer.
type probe struct {
	pass  pass
	reply reply
	seq   uint32
	// sent is when the probe was sent; received and answered are the Host's times. All are in
	// nanoseconds since 1970.
	sent, received, answered int64
}

func (p probe) append(dst []byte) []byte {
	dst = append(dst, byte(p.pass), byte(p.reply))
	dst = binary.BigEndian.AppendUint32(dst, p.seq)
	for _, t := range []int64{p.sent, p.received, p.answered} {
		dst = binary.BigEndian.AppendUint64(dst, uint64(t))
	}
	return dst
}

func parseProbe(b []byte) (probe, bool) {
	if len(b) < probeBody {
		return probe{}, false
	}
	t := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
	p := probe{pass: pass(b[0]), reply: reply(b[1]), seq: binary.BigEndian.Uint32(b[2:]),
		sent: t(6), received: t(14), answered: t(22)}
	return p, p.pass > 0 && p.pass < passes && p.seq <= endSeq
}

// padded returns a body with zeros behind it, so that its datagram has size bytes, which is
// at least smallFrame.
func padded(body []byte, size int) []byte {
	for frame.ProbeSize(messageHead+len(body)) < size {
		body = append(body, 0)
	}
	return body
}

// greeting is the body of opHello and opWelcome.
type greeting struct {
	Version int    `json:"version"`
	Name    string `json:"name"`    // of the host
	Group   string `json:"group"`   // that it was told to use
	Control uint16 `json:"control"` // the port that NACKs would go to
	Iface   string `json:"interface"`
	MTU     int    `json:"mtu"`
	TTL     int    `json:"ttl"` // with which the datagram arrived
}

// clean makes a greeting from the network safe to print, and to reckon with.
func (g *greeting) clean() {
	for _, text := range []*string{&g.Name, &g.Group, &g.Iface} {
		*text = cli.Printable((*text)[:min(len(*text), 64)])
	}
	g.MTU = usable(max(g.MTU, 0))
}

// question is the body of opAsk.
type question struct {
	Nonce uint32 `json:"nonce"`
	What  string `json:"what"`
	Pass  pass   `json:"pass,omitempty"`
	Sizes []int  `json:"sizes,omitempty"` // of the datagrams to send
	Port  uint16 `json:"port,omitempty"`  // to send to
	Part  int    `json:"part,omitempty"`  // of the checks
}

// What can be asked.
const (
	askBegin  = "begin"  // a pass begins
	askCount  = "count"  // the counters of a pass
	askSizes  = "sizes"  // send datagrams of these sizes
	askNACK   = "nack"   // send to my control port
	askChecks = "checks" // a part of the Host's own checks
)

// told is the body of opTold.
type told struct {
	Nonce uint32 `json:"nonce"`
	Error string `json:"error,omitempty"`
	Count *count `json:"count,omitempty"`
	// Sent and Refused count the Host's datagrams, and those that its kernel refused.
	Sent    int `json:"sent,omitempty"`
	Refused int `json:"refused,omitempty"`
	// Parts is how many parts the Host's checks have; Later says that they aren't done yet.
	Parts int  `json:"parts,omitempty"`
	Later bool `json:"later,omitempty"`
	// Text is a part.
	Text []byte `json:"text,omitempty"`
}

// count counts a pass at one end.
type count struct {
	Received   int      `json:"received"` // each once
	Ended      bool     `json:"ended,omitempty"`
	Duplicates int      `json:"duplicates,omitempty"`
	Reordered  int      `json:"reordered,omitempty"`
	Largest    int      `json:"largest,omitempty"`
	Sources    []string `json:"sources,omitempty"`
	// KernelDrops counts datagrams that found the socket's receive buffer full.
	KernelDrops uint64 `json:"kernel_drops,omitempty"`
	ReadBuffer  int    `json:"read_buffer,omitempty"`
	// Answered counts the answers, and Refused those that the host's kernel refused to send.
	Answered int    `json:"answered,omitempty"`
	Refused  uint64 `json:"refused,omitempty"`
	Bounded  int    `json:"bounded,omitempty"` // not answered, to keep to the bounds
	// Kernel has the growth of the kernel's counters meanwhile.
	Kernel map[string]uint64 `json:"kernel,omitempty"`
}

// body encodes a JSON body, with spaces behind it up to size.
func body(v any, size int) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // all of them can be
	}
	for len(b) < size {
		b = append(b, ' ')
	}
	return b
}

// checksText encodes checks, as many as fit into limit bytes.
func checksText(list []check.Check, limit int) []byte {
	for {
		b, err := json.Marshal(list)
		if err == nil && len(b) <= limit {
			return b
		}
		if len(list) == 0 {
			return []byte("[]")
		}
		list = list[:len(list)-1]
	}
}
