package sim

import (
	"fmt"
	"strconv"
	"strings"

	"crier/cmd/crier/cli"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/testnet/scenario"
	"crier/testnet/world"
)

// explainer tells the life of one message on its way to one subscriber.
type explainer struct {
	run     *scenario.Run
	offset  uint64
	sub     *world.Subscriber
	life    int // the number of the session, from 0
	session *world.Session

	seqs   []uint64             // the frames that it has a part in
	others int                  // NACKs of others for them
	before receive.SessionStats // of the subscriber, before it takes what comes
	lines  []moment
}

// moment is something that happened to the message.
type moment struct {
	at   reliable.Time
	text string
}

// newExplainer observes a run for a message, given as OFFSET@SUBSCRIBER. It returns nil
// without one.
func newExplainer(run *scenario.Run, what string) (*explainer, error) {
	if what == "" {
		return nil, nil
	}
	parts := strings.Split(what, "@")
	e := &explainer{run: run}
	var err error
	if len(parts) != 2 && len(parts) != 3 {
		return nil, cli.Usagef(
			"--explain %q is not a message: write OFFSET@SUBSCRIBER, such as 100@%s", what,
			run.World().Subscribers()[0])
	}
	if e.offset, err = strconv.ParseUint(parts[0], 10, 64); err != nil {
		return nil, cli.Usagef("--explain %q: %q is not an offset", what, parts[0])
	}
	if len(parts) == 3 {
		if e.life, err = strconv.Atoi(parts[2]); err != nil || e.life < 0 {
			return nil, cli.Usagef("--explain %q: %q is not a number of a session, from 0",
				what, parts[2])
		}
	}
	for _, sub := range run.World().Subscribers() {
		if sub.String() == parts[1] {
			e.sub = sub
		}
	}
	if e.sub == nil {
		return nil, cli.Usagef("--explain %q: there is no subscriber %q; there is %s", what,
			parts[1], run.World().Subscribers()[0])
	}
	run.World().Observe(world.Observer{
		Accepted: e.accepted, Sent: e.sent, Dropped: e.dropped, Arrived: e.arrived,
		Handled: e.handled, Answered: e.answered, Told: e.told,
	})
	return e, nil
}

func (e *explainer) note(at reliable.Time, format string, args ...any) {
	e.lines = append(e.lines, moment{at, fmt.Sprintf(format, args...)})
}

func (e *explainer) now() reliable.Time { return e.run.World().Now() }

func (e *explainer) accepted(s *world.Session, offset uint64, payload []byte) {
	if e.session == nil && offset == e.offset && len(e.run.World().Sessions()) > e.life &&
		e.run.World().Sessions()[e.life] == s {
		e.session = s
		e.note(e.now(), "%v accepts it: %s, session %v", s.Publisher,
			cli.Bytes(len(payload)), s.ID)
	}
}

// part reports whether a DATA frame has a part of the message.
func (e *explainer) part(f *frame.Frame) bool {
	return f != nil && f.Kind == frame.Data && reliable.SessionID(f.Session) == e.session.ID &&
		e.offset >= f.Offset &&
		e.offset < f.EndOffset()
}

// ours reports whether ranges name a frame of the message.
func (e *explainer) ours(f *frame.Frame) (uint64, bool) {
	for _, seq := range e.seqs {
		for _, r := range f.Ranges {
			if r.Contains(seq) {
				return seq, true
			}
		}
	}
	return 0, false
}

func (e *explainer) sent(d *world.Datagram) {
	if e.session == nil || d.Session != e.session {
		return
	}
	switch f := d.Frame; f.Kind {
	case frame.Data:
		if e.part(f) {
			e.seqs = append(e.seqs, f.Seq)
			e.note(e.now(), "%v sends it to the group, in frame %d", d.Publisher, f.Seq)
		}
	case frame.Repair:
		if e.part(f.Data) {
			whom := "the group"
			if d.Target != nil {
				whom = d.Target.String() + " alone"
			}
			e.note(e.now(), "%v repeats frame %d to %s", d.Publisher, f.Data.Seq, whom)
		}
	case frame.Confirm, frame.Gone:
		if seq, ok := e.ours(f); ok && (d.Target == nil || d.Target == e.sub) {
			e.note(e.now(), "%v says %s of frame %d", d.Publisher, f.Kind, seq)
		}
	case frame.Nack:
		if seq, ok := e.ours(f); ok && d.Subscriber == e.sub {
			e.note(e.now(), "%v asks for frame %d (NACK)", e.sub, seq)
		} else if ok {
			e.others++
		}
	}
}

func (e *explainer) dropped(d *world.Datagram, c *world.Drop) {
	if e.session == nil || d.Session != e.session || d.Frame == nil {
		return
	}
	mine := c.Subscriber == e.sub || c.Segment != nil && c.Segment == e.sub.Config().Segment
	if !mine {
		return
	}
	what := ""
	switch f := d.Frame; f.Kind {
	case frame.Data:
		if e.part(f) {
			what = fmt.Sprintf("frame %d", f.Seq)
		}
	case frame.Repair:
		if e.part(f.Data) && (d.Target == nil || d.Target == e.sub) {
			what = fmt.Sprintf("the repair of frame %d", f.Data.Seq)
		}
	case frame.Nack:
		if seq, ok := e.ours(f); ok && d.Subscriber == e.sub {
			what = fmt.Sprintf("the NACK for frame %d", seq)
		}
	}
	if what == "" {
		return
	}
	link := "the way to " + c.String()
	if d.Subscriber != nil {
		link = "the way from " + c.String()
	}
	e.note(e.now(), "%s is lost on %s (%v)", what, link, c.Reason)
}

func (e *explainer) arrived(d *world.Datagram, sub *world.Subscriber) {
	if e.session == nil || d.Session != e.session || d.Frame == nil {
		return
	}
	f := d.Frame
	switch {
	case sub == e.sub && e.part(f):
		e.note(e.now(), "frame %d comes to %v", f.Seq, sub)
	case sub == e.sub && f.Kind == frame.Repair && e.part(f.Data):
		e.note(e.now(), "the repair of frame %d comes to %v", f.Data.Seq, sub)
	default:
		return
	}
	e.before = e.stats()
}

// handled notes why a frame that came was discarded.
func (e *explainer) handled(d *world.Datagram, sub *world.Subscriber) {
	if e.session == nil || d.Session != e.session || d.Frame == nil || sub != e.sub {
		return
	}
	if f := d.Frame; !e.part(f) && !(f.Kind == frame.Repair && e.part(f.Data)) {
		return
	}
	switch after := e.stats(); {
	case after.NoRoom > e.before.NoRoom:
		e.note(e.now(), "%v has no room for it, and discards it", sub)
	case after.Duplicates > e.before.Duplicates:
		e.note(e.now(), "%v has it already, and discards it", sub)
	case after.Late > e.before.Late:
		e.note(e.now(), "%v has given it up, and discards it", sub)
	case after.BeforeStart > e.before.BeforeStart:
		e.note(e.now(), "%v joined later, and discards it", sub)
	case after.Overrun > e.before.Overrun:
		e.note(e.now(), "%v is too slow, and drops a frame to have room", sub)
	}
}

// stats is what the subscriber counted of the session.
func (e *explainer) stats() receive.SessionStats {
	for _, st := range e.sub.Sessions() {
		if st.ID == e.session.ID {
			return st
		}
	}
	return receive.SessionStats{}
}

func (e *explainer) answered(d *world.Datagram) {
	if e.session == nil || d.Session != e.session || d.Frame == nil || d.Subscriber != e.sub ||
		d.Frame.Kind != frame.Nack {
		return
	}
	if seq, ok := e.ours(d.Frame); ok {
		e.note(e.now(), "the NACK for frame %d comes to %v", seq, d.Publisher)
	}
}

func (e *explainer) told(sub *world.Subscriber, ev *reliable.Event) {
	if e.session == nil || sub != e.sub || ev.Session != e.session.ID {
		return
	}
	switch {
	case ev.Kind == reliable.Message && ev.Offset == e.offset:
		if ev.Recovered {
			found := moment{world.VirtualTime(ev.Received.Add(-ev.Recovery)),
				fmt.Sprintf("%v finds that a frame of it is missing", sub)}
			i := len(e.lines)
			for i > 0 && e.lines[i-1].at >= found.at {
				i--
			}
			e.lines = append(e.lines[:i], append([]moment{found}, e.lines[i:]...)...)
		}
		e.note(e.now(), "%v hands it to the application", sub)
	case ev.Kind == reliable.Loss && ev.Lost.Contains(e.offset):
		e.note(e.now(), "%v reports it lost: %v", sub, ev.Cause)
	}
}

// unknown returns an error, after the run, if there is no such message.
func (e *explainer) unknown() error {
	if e == nil || e.session != nil {
		return nil
	}
	sessions := e.run.World().Sessions()
	if e.life >= len(sessions) {
		return cli.Usagef("--explain: there is no session %d in this run: there are %d, from 0",
			e.life, len(sessions))
	}
	s := sessions[e.life]
	if s.NextOffset() == s.FirstOffset {
		return cli.Usagef("--explain: there is no message %d: %v published nothing in session %d",
			e.offset, s.Publisher, e.life)
	}
	return cli.Usagef("--explain: there is no message %d: in session %d %v published %d to %d",
		e.offset, e.life, s.Publisher, s.FirstOffset, s.NextOffset()-1)
}

// text returns the message's life.
func (e *explainer) text(sheet cli.Sheet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "message %s on its way to %v\n\n%12s  %9s\n", cli.Grouped(e.offset), e.sub,
		"time", "step")
	last := e.lines[0].at
	for _, l := range e.lines {
		b.WriteString(sheet.Beside(fmt.Sprintf("%10.6f s  %9s  ", l.at.Sub(0).Seconds(),
			"+"+cli.Duration(l.at.Sub(last))), l.text))
		last = l.at
	}
	if e.others > 0 {
		fmt.Fprintf(&b, "\n%s of other subscribers asked for the same.\n",
			cli.Counted(uint64(e.others), "NACK", "NACKs"))
	}
	return b.String()
}
