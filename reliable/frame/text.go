package frame

import (
	"fmt"
	"strings"
	"time"

	"crier/nack"
)

// String formats a frame on one line, as in traces, logs and tests:
//
//	DATA s=00000000000004d2 seq=7 off=12 t=1.5ms chunks=3 unfinished
func (f *Frame) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v s=%016x", f.Kind, f.Session)
	if f.Channel != 0 {
		fmt.Fprintf(&b, " ch=%d", f.Channel)
	}
	switch f.Kind {
	case Data:
		fmt.Fprintf(&b, " seq=%d off=%d t=%v chunks=%d",
			f.Seq, f.Offset, time.Duration(f.Time), len(f.Chunks))
		if f.Flags&Continues != 0 {
			b.WriteString(" continues")
		}
		if f.Flags&Unfinished != 0 {
			b.WriteString(" unfinished")
		}
		for _, c := range f.Chunks {
			if c.Skip != 0 {
				fmt.Fprintf(&b, " skip=%d", c.Skip)
			}
		}
	case Repair:
		fmt.Fprintf(&b, " by=%016x req=%x data=%dB", f.Responder, f.Request, len(f.Inner))
	case Heartbeat, Bye:
		fmt.Fprintf(&b, " next=%d/%d oldest=%d/%d t=%v interval=%v group=%d rtt=%v",
			f.NextSeq, f.NextOffset, f.OldestSeq, f.OldestOffset,
			time.Duration(f.Time), f.Interval, f.Group, f.RTT)
		if f.Report != 0 {
			fmt.Fprintf(&b, " report=%d", f.Report)
		}
	case Session:
		fmt.Fprintf(&b, " name=%q first=%d/%d t=%v",
			f.Name, f.FirstSeq, f.FirstOffset, time.Duration(f.Time))
		fmt.Fprintf(&b, " wall=%s", time.Unix(0, f.Wall).UTC().Format(time.RFC3339Nano))
		if f.Control.IsValid() {
			fmt.Fprintf(&b, " control=%v", f.Control)
		}
	case Nack:
		fmt.Fprintf(&b, " sub=%016x req=%x missing=%s",
			f.Subscriber, f.Request, rangesText(f.Ranges))
		f.echoText(&b)
	case Status:
		fmt.Fprintf(&b, " sub=%016x name=%q pos=%d room=%d",
			f.Subscriber, f.Name, f.Position, f.Room)
		f.echoText(&b)
		if f.Flags&WantSession != 0 {
			b.WriteString(" want-session")
		}
		if f.Flags&Leaving != 0 {
			b.WriteString(" leaving")
		}
	case Confirm:
		fmt.Fprintf(&b, " by=%016x coming=%s t=%v",
			f.Responder, rangesText(f.Ranges), time.Duration(f.Time))
	case Gone:
		fmt.Fprintf(&b, " by=%016x req=%x gone=%s oldest=%d/%d t=%v",
			f.Responder, f.Request, rangesText(f.Ranges),
			f.OldestSeq, f.OldestOffset, time.Duration(f.Time))
		if f.Flags&TooLarge != 0 {
			b.WriteString(" too-large")
		}
	}
	return b.String()
}

// echoText writes the publisher's last time heard, and the time since.
func (f *Frame) echoText(b *strings.Builder) {
	if f.Echo != 0 {
		fmt.Fprintf(b, " echo=%v+%v", time.Duration(f.Echo), f.Held)
	}
}

// rangesText formats the first eight ranges, and the number of the rest.
func rangesText(ranges []nack.Range) string {
	var b strings.Builder
	for i, r := range ranges {
		if i == 8 {
			fmt.Fprintf(&b, ",+%d more", len(ranges)-i)
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(r.String())
	}
	return b.String()
}
