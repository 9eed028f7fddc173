package frame

import (
	"fmt"
	"net/netip"
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
	if f.Flags&Replay != 0 {
		b.WriteString(" replay")
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
		with := 0
		for _, c := range f.Chunks {
			if c.Skip != 0 {
				fmt.Fprintf(&b, " skip=%d", c.Skip)
			}
			if c.Properties != nil {
				with++
			}
		}
		if with > 0 {
			fmt.Fprintf(&b, " with-properties=%d", with)
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
		fmt.Fprintf(&b, " wall=%s", wallText(f.Wall))
		if f.Control.IsValid() {
			fmt.Fprintf(&b, " control=%v", f.Control)
		}
		titleText(&b, f.Topic, f.Key, f.Prev, f.Replay)
		layoutText(&b, f.Channels, f.Groups, f.Base)
		if f.Teams {
			b.WriteString(" teams")
		}
		for i, a := range f.Controls {
			if i == 0 {
				b.WriteString(" controls=")
			} else {
				b.WriteByte(',')
			}
			if a.IsValid() {
				b.WriteString(a.String())
			}
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
		if f.Flags&Contested != 0 {
			b.WriteString(" contested")
		}
		if f.Recorder {
			fmt.Fprintf(&b, " written=%d synced=%d", f.Written, f.Synced)
		}
		f.positionsText(&b)
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
	case Digest:
		f.digestText(&b)
	case Find:
		fmt.Fprintf(&b, " sub=%016x req=%x what=%v", f.Subscriber, f.Request, f.Find.What)
		switch f.Find.What {
		case FindOffset:
			fmt.Fprintf(&b, " off=%d", f.Find.Value)
		case FindTime:
			fmt.Fprintf(&b, " at=%s", wallText(int64(f.Find.Value)))
		case FindTopics:
			fmt.Fprintf(&b, " spread=%v", time.Duration(f.Find.Value))
		}
		fmt.Fprintf(&b, " name=%q", f.Name)
		titleText(&b, f.Find.Topic, f.Find.Key, nil, 0)
	case Announce:
		f.announceText(&b)
	case Claim:
		f.claimText(&b)
	case Grant:
		f.grantText(&b)
	case Team:
		f.teamText(&b)
	}
	return b.String()
}

// positionsText writes the first eight positions in further channels, and the number of the rest.
func (f *Frame) positionsText(b *strings.Builder) {
	for i, p := range f.Positions {
		switch {
		case i == 0:
			b.WriteString(" further=")
		case i == 8:
			fmt.Fprintf(b, ",+%d more", len(f.Positions)-i)
			return
		default:
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%d:%d", p.Channel, p.Position)
		if f.Recorder {
			fmt.Fprintf(b, "/%d/%d", p.Written, p.Synced)
		}
	}
}

// layoutText writes a session's layout, if it is told.
func layoutText(b *strings.Builder, channels, groups uint32, base netip.AddrPort) {
	if groups == 0 {
		return
	}
	fmt.Fprintf(b, " channels=%d groups=%d base=", channels, groups)
	if base.IsValid() {
		b.WriteString(base.String())
	} else {
		b.WriteString("by-name")
	}
}

// announceText writes the fields of ANNOUNCE.
func (f *Frame) announceText(b *strings.Builder) {
	a := f.Announce
	fmt.Fprintf(b, " topic=%q name=%q", f.Topic, f.Name)
	layoutText(b, a.Partitions, a.Groups, a.Base)
	if f.Control.IsValid() {
		fmt.Fprintf(b, " control=%v", f.Control)
	}
	fmt.Fprintf(b, " t=%v wall=%s interval=%v", time.Duration(f.Time), wallText(f.Wall), a.Interval)
	if len(a.Host) > 0 || a.PID != 0 {
		fmt.Fprintf(b, " host=%q pid=%d", a.Host, a.PID)
	}
	fmt.Fprintf(b, " rate=%dB/s,%d/s subscribers=%d", a.Bytes, a.Messages, a.Subscribers)
	for _, t := range a.Teams {
		fmt.Fprintf(b, " team=%q/%v/%d/%d", t.Name, t.Share, t.Members, t.Lag)
	}
	if f.Request != 0 {
		fmt.Fprintf(b, " req=%x", f.Request)
	}
}

// digestText writes the fields of DIGEST.
func (f *Frame) digestText(b *strings.Builder) {
	d := f.Digest
	fmt.Fprintf(b, " by=%016x/%v req=%x v=%d name=%q oldest=%d/%d pos=%d next=%d/%d",
		f.Responder, d.Role, f.Request, d.Version, f.Name, f.OldestSeq, f.OldestOffset,
		d.Position, f.NextSeq, f.NextOffset)
	if d.Written != 0 {
		fmt.Fprintf(b, " written=%d synced=%d", d.Written, d.Synced)
	}
	if d.At {
		fmt.Fprintf(b, " at=%d/%d", d.AtSeq, d.AtOffset)
	}
	if f.IsPart() {
		fmt.Fprintf(b, " part=%d-%d", d.From, d.To)
	}
	if len(f.Ranges) > 0 {
		fmt.Fprintf(b, " absent=%s", rangesText(f.Ranges))
	}
	if d.Proposal != 0 {
		fmt.Fprintf(b, " proposal=%016x", d.Proposal)
	}
	if len(d.Holder) > 0 {
		fmt.Fprintf(b, " holder=%q", d.Holder)
	}
	fmt.Fprintf(b, " first=%d/%d t=%v heard=%v", d.FirstSeq, d.FirstOffset,
		time.Duration(f.Time), d.Heard)
	if d.Wall != 0 {
		fmt.Fprintf(b, " wall=%s", wallText(d.Wall))
	}
	titleText(b, d.Topic, d.Key, d.Prev, d.Replay)
	layoutText(b, d.Channels, d.Groups, d.Base)
	for _, w := range [...]struct {
		flag Flags
		word string
	}{{Live, " live"}, {Full, " full"}, {Final, " final"}, {Ended, " ended"}} {
		if f.Flags&w.flag != 0 {
			b.WriteString(w.word)
		}
	}
}

// titleText writes the properties that name a stream and its other sessions.
func titleText(b *strings.Builder, topic, key []byte, prev *Link, replay uint64) {
	if len(topic) > 0 {
		fmt.Fprintf(b, " topic=%q", topic)
	}
	if len(key) > 0 {
		fmt.Fprintf(b, " key=%x", key)
	}
	if prev != nil {
		fmt.Fprintf(b, " prev=%016x@%d/%d", prev.Session, prev.Seq, prev.Offset)
	}
	if replay != 0 {
		fmt.Fprintf(b, " replay=%016x", replay)
	}
}

// wallText formats a wall clock. One past 2^63 is before 1970.
func wallText(nanos int64) string {
	return time.Unix(0, nanos).UTC().Format(time.RFC3339Nano)
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
