package decode

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"crier/reliable/frame"
)

// object is a JSON object whose members keep their order.
type object struct{ b []byte }

// add appends a member.
func (o *object) add(name string, value any) {
	if len(o.b) == 0 {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = fmt.Appendf(o.b, "%q:", name)
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // of values of this package alone
	}
	o.b = append(o.b, text...)
}

// MarshalJSON returns the object.
func (o *object) MarshalJSON() ([]byte, error) {
	if len(o.b) == 0 {
		return []byte("{}"), nil
	}
	return append(o.b, '}'), nil
}

// id is a random number, which is written in hexadecimal.
func id(v uint64) string { return fmt.Sprintf("%016x", v) }

var tagWords = map[frame.Tag]string{
	frame.TagNone: "missing", frame.TagWrong: "wrong", frame.TagRight: "right",
	frame.TagLong: "long",
}

// json returns the entry as an object, with messages' bytes if payload is set.
func (e *entry) json(payload bool) *object {
	o := &object{}
	o.add("packet", e.Packet)
	if !e.At.IsZero() {
		o.add("at", e.At.UTC().Format(time.RFC3339Nano))
	}
	if e.From.IsValid() {
		o.add("from", e.From)
		o.add("to", e.To)
	}
	o.add("state", e.state.String())
	o.add("bytes", len(e.bytes))
	if e.state == cut {
		o.add("captured_bytes", len(e.Payload))
		o.add("datagram_bytes", e.Size)
	}
	if !e.parsed {
		if e.header.Kind == 0 {
			o.add("version", e.bytes[versionAt(e.bytes)])
		} else {
			headJSON(o, e.header.Kind, e.header.Flags, e.header.Session, e.header.Channel)
		}
		o.add("tag", tagWords[e.tag])
		return o
	}
	frameJSON(o, &e.f, payload)
	if e.f.Kind == frame.Repair {
		inner := &object{}
		if e.innerParsed {
			frameJSON(inner, &e.inner, payload)
		}
		inner.add("bytes", len(e.f.Inner))
		inner.add("tag", tagWords[e.innerTag])
		o.add("datagram", inner)
	}
	o.add("tag", tagWords[e.tag])
	return o
}

// headJSON adds the fields of a header.
func headJSON(o *object, kind frame.Kind, flags frame.Flags, session uint64, channel uint32) {
	o.add("version", frame.Version)
	o.add("kind", kind.String())
	o.add("flags", flagWords(kind, flags))
	o.add("session", id(session))
	o.add("channel", channel)
}

// flagWords names the flags that are set.
func flagWords(kind frame.Kind, flags frame.Flags) []string {
	words := []string{}
	for bit := frame.Flags(1); bit != 0; bit <<= 1 {
		if flags&bit == 0 {
			continue
		}
		word, ok := flagNames[kind][bit]
		if !ok {
			word = fmt.Sprintf("0x%04x", uint16(bit))
		}
		words = append(words, word)
	}
	return words
}

var flagNames = map[frame.Kind]map[frame.Flags]string{
	frame.Data: {frame.Continues: "continues", frame.Unfinished: "unfinished",
		frame.Replay: "replay"},
	frame.Heartbeat: {frame.Replay: "replay"},
	frame.Session:   {frame.Replay: "replay"},
	frame.Bye:       {frame.Replay: "replay"},
	frame.Announce:  {frame.Replay: "replay"},
	frame.Status: {frame.WantSession: "want-session", frame.Leaving: "leaving",
		frame.Contested: "contested"},
	frame.Claim: {frame.Leaving: "leaving"},
	frame.Gone:  {frame.TooLarge: "too-large"},
	frame.Digest: {frame.Live: "live", frame.Full: "full", frame.Final: "final",
		frame.Ended: "ended"},
}

// frameJSON adds the fields of a frame.
func frameJSON(o *object, f *frame.Frame, payload bool) {
	headJSON(o, f.Kind, f.Flags, f.Session, f.Channel)
	switch f.Kind {
	case frame.Data:
		o.add("sequence", f.Seq)
		o.add("offset", f.Offset)
		o.add("time_ns", f.Time)
		o.add("messages", f.Messages)
		o.add("chunks", chunksJSON(f, payload))
	case frame.Repair:
		o.add("responder", id(f.Responder))
		o.add("request", id(f.Request))
	case frame.Heartbeat, frame.Bye:
		o.add("time_ns", f.Time)
		o.add("next_sequence", f.NextSeq)
		o.add("next_offset", f.NextOffset)
		o.add("oldest_sequence", f.OldestSeq)
		o.add("oldest_offset", f.OldestOffset)
		o.add("interval_ns", f.Interval)
		o.add("group", f.Group)
		o.add("round_trip_ns", f.RTT)
		if f.Report != 0 {
			o.add("report", f.Report)
		}
	case frame.Session:
		o.add("time_ns", f.Time)
		o.add("wall_ns", f.Wall)
		o.add("first_sequence", f.FirstSeq)
		o.add("first_offset", f.FirstOffset)
		o.add("control", addressJSON(f.Control))
		o.add("channels", f.Channels)
		o.add("name", string(f.Name))
		titleJSON(o, f.Topic, f.Key, f.Prev, f.Replay)
		if f.Groups != 0 {
			o.add("groups", f.Groups)
			o.add("base", addressJSON(f.Base))
		}
		if len(f.Controls) > 0 {
			controls := make([]string, len(f.Controls))
			for i, a := range f.Controls {
				controls[i] = addressJSON(a)
			}
			o.add("controls", controls)
		}
		if f.Teams {
			o.add("teams", true)
		}
		o.add("properties", fmt.Sprintf("%x", f.Properties))
	case frame.Nack:
		requestJSON(o, f)
		o.add("missing", rangesJSON(f.Ranges))
	case frame.Status:
		requestJSON(o, f)
		o.add("name", string(f.Name))
		o.add("position", f.Position)
		o.add("room", f.Room)
		if f.Recorder {
			o.add("written", f.Written)
			o.add("synced", f.Synced)
		}
		if len(f.Positions) > 0 {
			o.add("further", positionsJSON(f))
		}
		o.add("properties", fmt.Sprintf("%x", f.Properties))
	case frame.Confirm:
		o.add("responder", id(f.Responder))
		o.add("time_ns", f.Time)
		o.add("coming", rangesJSON(f.Ranges))
	case frame.Gone:
		o.add("responder", id(f.Responder))
		o.add("request", id(f.Request))
		o.add("time_ns", f.Time)
		o.add("oldest_sequence", f.OldestSeq)
		o.add("oldest_offset", f.OldestOffset)
		o.add("gone", rangesJSON(f.Ranges))
	case frame.Digest:
		digestJSON(o, f)
	case frame.Find:
		o.add("subscriber", id(f.Subscriber))
		o.add("request", id(f.Request))
		o.add("what", f.Find.What.String())
		o.add("value", f.Find.Value)
		o.add("name", string(f.Name))
		titleJSON(o, f.Find.Topic, f.Find.Key, nil, 0)
		o.add("properties", fmt.Sprintf("%x", f.Properties))
	case frame.Announce:
		announceJSON(o, f)
	case frame.Claim:
		claimJSON(o, f)
	case frame.Grant:
		grantJSON(o, f)
	case frame.Team:
		teamJSON(o, f)
	}
}

// announceJSON adds the fields of ANNOUNCE.
func announceJSON(o *object, f *frame.Frame) {
	a := f.Announce
	o.add("time_ns", f.Time)
	o.add("wall_ns", f.Wall)
	o.add("control", addressJSON(f.Control))
	o.add("topic", string(f.Topic))
	o.add("channels", a.Partitions)
	o.add("groups", a.Groups)
	o.add("base", addressJSON(a.Base))
	o.add("interval_ns", a.Interval)
	if len(f.Name) > 0 {
		o.add("name", string(f.Name))
	}
	if len(a.Host) > 0 || a.PID != 0 {
		o.add("host", string(a.Host))
		o.add("process", a.PID)
	}
	if a.Bytes != 0 || a.Messages != 0 {
		o.add("rate", map[string]uint64{"bytes": a.Bytes, "messages": a.Messages})
	}
	if a.Subscribers != 0 {
		o.add("subscribers", a.Subscribers)
	}
	if f.Request != 0 {
		o.add("request", id(f.Request))
	}
	if len(a.Teams) > 0 {
		o.add("announced", announcedJSON(a.Teams))
	}
	o.add("properties", fmt.Sprintf("%x", f.Properties))
}

// addressJSON is an address and port, or empty for none.
func addressJSON(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// digestJSON adds the fields of DIGEST.
func digestJSON(o *object, f *frame.Frame) {
	d := f.Digest
	o.add("responder", id(f.Responder))
	o.add("request", id(f.Request))
	o.add("time_ns", f.Time)
	o.add("digest_version", d.Version)
	o.add("oldest_sequence", f.OldestSeq)
	o.add("oldest_offset", f.OldestOffset)
	o.add("position", d.Position)
	o.add("next_sequence", f.NextSeq)
	o.add("next_offset", f.NextOffset)
	o.add("wall_ns", d.Wall)
	o.add("first_sequence", d.FirstSeq)
	o.add("first_offset", d.FirstOffset)
	o.add("heard_ns", d.Heard)
	o.add("role", d.Role.String())
	o.add("name", string(f.Name))
	if d.Written != 0 {
		o.add("written", d.Written)
		o.add("synced", d.Synced)
	}
	if d.At {
		o.add("at_sequence", d.AtSeq)
		o.add("at_offset", d.AtOffset)
	}
	if f.IsPart() {
		o.add("part", rangeJSON{d.From, d.To})
	}
	if d.Proposal != 0 {
		o.add("proposal", id(d.Proposal))
	}
	if len(d.Holder) > 0 {
		o.add("holder", string(d.Holder))
	}
	titleJSON(o, d.Topic, d.Key, d.Prev, d.Replay)
	if d.Groups != 0 {
		o.add("groups", d.Groups)
		o.add("base", addressJSON(d.Base))
		if d.Channels != 0 {
			o.add("channels", d.Channels)
		}
	}
	o.add("properties", fmt.Sprintf("%x", f.Properties))
	o.add("absent", rangesJSON(f.Ranges))
}

// titleJSON adds the properties that name a stream and its other sessions, as far as there
// are any.
func titleJSON(o *object, topic, key []byte, prev *frame.Link, replay uint64) {
	if len(topic) > 0 {
		o.add("topic", string(topic))
	}
	if len(key) > 0 {
		o.add("key", fmt.Sprintf("%x", key))
	}
	if prev != nil {
		o.add("prev", linkJSON{id(prev.Session), prev.Channel, prev.Seq, prev.Offset,
			string(prev.Topic), string(prev.Publisher), fmt.Sprintf("%x", prev.Key)})
	}
	if replay != 0 {
		o.add("replay", id(replay))
	}
}

// requestJSON adds the fields that NACK and STATUS begin with.
func requestJSON(o *object, f *frame.Frame) {
	o.add("subscriber", id(f.Subscriber))
	o.add("request", id(f.Request))
	o.add("echo_ns", f.Echo)
	o.add("held_ns", f.Held)
}
