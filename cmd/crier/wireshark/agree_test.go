package wireshark

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/cmd/crier/decode"
	"crier/cmd/crier/decode/decodetest"
	"crier/cmd/crier/sim"
	"crier/nack"
	"crier/reliable/frame"
)

var long = flag.Bool("wireshark.long", false,
	"let tshark and crier decode agree on 100,000 simulated frames")

// names are the fields that both decoders have.
var names = strings.Fields(`state version kind flags flags.want_session flags.leaving
	flags.too_large flags.contested flags.live flags.full flags.final flags.ended flags.continues
	flags.unfinished flags.replay session channel sequence offset time messages
	chunks chunk chunk.offset chunk.size chunk.length skip responder request next.sequence
	next.offset oldest.sequence oldest.offset interval group round_trip report wall first.sequence
	first.offset control channels name properties subscriber echo held missing coming gone range
	range.first range.last position room topic key replay prev.session prev.channel prev.sequence
	prev.offset prev.topic prev.publisher prev.key written synced at.sequence at.offset proposal
	part.from part.to holder digest_version role heard absent what value tag.status chunk.key
	header.name header.value groups base feed.control further.channel further.position
	further.written further.synced host process rate.bytes rate.messages subscribers
	teams announced.name announced.share announced.members announced.lag
	team share granted stamp lease work_time weight messages_at_once window oldest forget members
	finished refused given_up redelivered part_of_answer parts
	claim.channel claim.epoch claim.state claim.sequence claim.done claim.received
	claim.ranges.from claim.ranges.to claim.freed.from claim.freed.to claim.working.from
	claim.working.to grant.channel grant.epoch grant.state grant.sequence grant.from grant.to
	grant.attempt passed.channel passed.from passed.to
	member.name member.subscriber member.address member.index member.weight member.room
	member.outstanding member.done member.age
	row.channel row.owner row.epoch row.done row.newest row.attempt row.state`)

// kinds lists the kinds in the order of their numbers.
var kinds = strings.Fields(
	"DATA REPAIR HEARTBEAT SESSION NACK STATUS CONFIRM GONE BYE none DIGEST FIND CLAIM " +
		"GRANT ANNOUNCE TEAM")

// These list words in the order of their numbers.
var (
	roles = []string{"", "publisher", "recorder", "peer"}
	whats = []string{"", "streams", "offset", "time", "oldest", "end", "topics"}

	shares   = []string{"watch", "partition", "message"}
	claims   = []string{"holds", "released", "ready", "deaf"}
	grants   = []string{"hold", "give-back", "prepare"}
	refusals = []string{"none", "name-taken", "other-share", "too-many", "no-teams", "no-team"}
)

// expected are the values that tshark is to show, by field, for an object of crier decode.
type expected map[string][]string

func (e expected) add(name string, value any) { e[name] = append(e[name], fmt.Sprint(value)) }

// frame adds a frame's fields.
func (e expected) frame(t *testing.T, o map[string]any) {
	kind := slices.Index(kinds, o["kind"].(string)) + 1
	e.add("version", o["version"])
	e.add("kind", kind)
	flags := map[string]int{"want-session": 1, "leaving": 2, "too-large": 4, "contested": 8,
		"live": 0x10, "full": 0x20, "final": 0x40, "ended": 0x80, "continues": 0x100,
		"unfinished": 0x200, "replay": 0x2000}
	sum := 0
	for _, word := range o["flags"].([]any) {
		bit, ok := flags[word.(string)]
		if !ok {
			n, err := strconv.ParseUint(word.(string), 0, 16)
			if err != nil {
				t.Fatal(err)
			}
			bit = int(n)
		}
		sum |= bit
	}
	e.add("flags", fmt.Sprintf("0x%04x", sum))
	for _, word := range map[int][]string{1: {"continues", "unfinished", "replay"},
		3: {"replay"}, 4: {"replay"}, 9: {"replay"},
		6: {"want-session", "leaving", "contested"}, 8: {"too-large"}, 15: {"replay"}, 13: {"leaving"},
		11: {"live", "full", "final", "ended"}}[kind] {
		set := 0
		if sum&flags[word] != 0 {
			set = 1
		}
		e.add("flags."+strings.ReplaceAll(word, "-", "_"), set)
	}
	for name, value := range o {
		switch name {
		case "session", "responder", "request", "subscriber", "replay", "proposal":
			e.add(name, "0x"+value.(string))
		case "channel", "sequence", "offset", "messages", "group", "report", "control", "channels",
			"name", "properties", "position", "room", "topic", "key", "written", "synced",
			"digest_version", "value", "holder", "groups", "base", "host", "process", "subscribers",
			"team", "weight", "messages_at_once", "window", "members", "given_up", "redelivered",
			"part_of_answer", "parts":
			e.add(name, value)
		case "teams", "oldest", "forget", "finished":
			e.add(name, 1) // else it isn't there
		case "share":
			e.add(name, slices.Index(shares, value.(string)))
		case "refused":
			e.add(name, slices.Index(refusals, value.(string)))
		case "announced", "claims", "grants", "passed", "team_members", "rows":
			e.team(name, value.([]any))
		case "time_ns", "interval_ns", "round_trip_ns", "wall_ns", "echo_ns", "held_ns",
			"heard_ns", "granted_ns", "stamp_ns", "lease_ns", "work_time_ns":
			e.add(strings.TrimSuffix(name, "_ns"), value)
		case "next_sequence", "next_offset", "oldest_sequence", "oldest_offset", "first_sequence",
			"first_offset", "at_sequence", "at_offset":
			e.add(strings.Replace(name, "_", ".", 1), value)
		case "role":
			e.add(name, slices.Index(roles, value.(string)))
		case "what":
			e.add(name, slices.Index(whats, value.(string)))
		case "controls":
			for _, address := range value.([]any) {
				e.add("feed.control", address)
			}
		case "further":
			for _, progress := range value.([]any) {
				for part, value := range progress.(map[string]any) {
					e.add("further."+part, value)
				}
			}
		case "prev", "part", "rate":
			for part, value := range value.(map[string]any) {
				if part == "session" {
					value = "0x" + value.(string)
				}
				e.add(name+"."+part, value)
			}
		case "missing", "coming", "gone", "absent":
			e.ranges(t, name, value.([]any))
		case "chunks":
			e.chunks(value.([]any))
		case "packet", "at", "from", "to", "state", "bytes", "version", "kind", "flags", "datagram",
			"tag": // elsewhere
		default:
			t.Fatalf("crier decode has a field %q, which this test doesn't know", name)
		}
	}
	if inner, ok := o["datagram"].(map[string]any); ok {
		e.frame(t, inner)
	}
	e.add("tag.status", map[string]int{"wrong": 0, "right": 1}[o["tag"].(string)])
}

// team adds the fields of the parts of a list that tells of a team.
func (e expected) team(name string, list []any) {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "team_"), "s")
	for _, of := range list {
		for part, value := range of.(map[string]any) {
			switch part {
			case "share":
				value = slices.Index(shares, value.(string))
			case "state":
				words := grants
				if name == "claim" {
					words = claims
				}
				value = slices.Index(words, value.(string))
			case "subscriber":
				value = "0x" + value.(string)
			case "ranges", "freed", "working":
				for _, r := range value.([]any) {
					e.add(name+"."+part+".from", r.(map[string]any)["from"])
					e.add(name+"."+part+".to", r.(map[string]any)["to"])
				}
				continue
			}
			e.add(name+"."+strings.TrimSuffix(part, "_ns"), value)
		}
	}
}

func (e expected) ranges(t *testing.T, name string, list []any) {
	total := uint64(0)
	for _, r := range list {
		from, err1 := strconv.ParseUint(fmt.Sprint(r.(map[string]any)["from"]), 10, 64)
		to, err2 := strconv.ParseUint(fmt.Sprint(r.(map[string]any)["to"]), 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		total += to - from
		e.add("range.first", from)
		e.add("range.last", to-1)
		if to-from == 1 {
			e.add("range", from)
		} else {
			e.add("range", fmt.Sprintf("%d-%d", from, to-1))
		}
	}
	e.add(name, total)
}

func (e expected) chunks(list []any) {
	e.add("chunks", len(list))
	for _, c := range list {
		c := c.(map[string]any)
		if skip, ok := c["skip"]; ok {
			e.add("skip", skip)
			continue
		}
		e.add("chunk", c["payload"])
		e.add("chunk.offset", c["offset"])
		e.add("chunk.size", c["size"])
		if key, ok := c["key"]; ok {
			e.add("chunk.key", key)
		}
		headers, _ := c["headers"].([]any)
		for _, h := range headers {
			e.add("header.name", h.(map[string]any)["name"])
			e.add("header.value", h.(map[string]any)["value"])
		}
		if length, ok := c["length"]; ok {
			e.add("chunk.length", length)
		}
	}
}

// decoded runs crier decode over a capture.
func decoded(t *testing.T, args ...string) string {
	t.Helper()
	r := clitest.Run(t, decode.Command(), append([]string{"decode"}, args...)...)
	if r.Exit != cli.ExitOK && r.Exit != cli.ExitLost {
		t.Fatalf("crier decode: exit code %d: %s", r.Exit, r.Err)
	}
	return r.Out.String()
}

// agree holds tshark to crier decode, field by field, and returns the number of frames, and
// of values by field.
func agree(t *testing.T, s *tshark, capture string) (frames int, values map[string]int) {
	t.Helper()
	values = map[string]int{}
	objects := strings.Split(strings.TrimSpace(decoded(t, "--json", "--hex", "-q", capture)), "\n")
	lines := strings.Split(strings.TrimSpace(decoded(t, "-q", capture)), "\n")
	columns := []string{"frame.number", "_ws.col.Info"}
	for _, name := range names {
		columns = append(columns, "crier."+name)
	}
	wrong := 0
	s.fields(capture, "crier", columns, func(row []string) {
		if frames++; frames > len(objects) || len(row) != len(columns) || wrong > 20 {
			return
		}
		d := json.NewDecoder(strings.NewReader(objects[frames-1]))
		d.UseNumber()
		var o map[string]any
		if err := d.Decode(&o); err != nil {
			t.Fatal(err)
		}
		e := expected{}
		e.add("state", o["state"])
		e.frame(t, o)
		report := func(what, got, want string) {
			wrong++
			t.Errorf("packet %v, %s: tshark has %q, crier decode %q", o["packet"], what, got, want)
		}
		if want := fmt.Sprint(o["packet"]); row[0] != want {
			report("number", row[0], want)
		}
		_, line, _ := strings.Cut(lines[frames-1], " -> ")
		_, line, _ = strings.Cut(line, " ")
		if row[1] != line {
			report("line", row[1], line)
		}
		for i, name := range names {
			got, want := row[2+i], strings.Join(e[name], "|")
			if strings.HasPrefix(name, "flags.") { // as Wireshark 4.2 prints it
				got = strings.NewReplacer("True", "1", "False", "0").Replace(got)
			}
			if got != want {
				report(name, got, want)
			}
			values[name] += len(e[name])
		}
	})
	if frames != len(objects) || frames != len(lines) {
		t.Errorf("tshark claims %d frames, crier decode %d", frames, len(objects))
	}
	return frames, values
}

// tshark and crier decode agree on every example of docs/PROTOCOL.md.
func TestExamplesAgree(t *testing.T) {
	t.Parallel()
	s := newTshark(t)
	var packets [][]byte
	for _, e := range decodetest.Examples(t) {
		packets = append(packets, e.Packet)
	}
	packets = append(packets, rest()...)
	_, values := agree(t, s, decodetest.Capture(t, packets...))
	for _, name := range names {
		if values[name] == 0 {
			t.Errorf("no example has %s", name)
		}
	}
}

// rest returns frames with the fields that no example of docs/PROTOCOL.md has.
func rest() (packets [][]byte) {
	var e frame.Encoder
	prev := &frame.Link{Session: 9, Channel: 2, Seq: 3, Offset: 4, Topic: []byte("a"),
		Publisher: []byte("b"), Key: []byte{1, 2}}
	digest := frame.Frame{Kind: frame.Digest, Flags: frame.Final | frame.Ended | frame.Full,
		Session: 5, OldestSeq: 4, OldestOffset: 7, NextSeq: 1 << 60, NextOffset: 1 << 61,
		Ranges: []nack.Range{{From: 7, To: 9}, {From: 11, To: 1 << 55}},
		Digest: &frame.DigestBody{Role: frame.Peer, Position: 1 << 58, From: 6, To: 1 << 56,
			Topic: []byte("md.eu"), Key: []byte{0xfe, 1}, Prev: prev, Replay: 77,
			Proposal: 1 << 63, Holder: []byte("desk-4")}}
	bereft := digest // it holds nothing
	bereft.OldestSeq, bereft.OldestOffset, bereft.Ranges = digest.NextSeq, digest.NextOffset, nil
	bereft.Digest = &frame.DigestBody{Role: frame.Peer, Position: 1 << 58, From: digest.NextSeq,
		To: digest.NextSeq}
	behind := digest // it holds frames behind a gap
	behind.Digest = &frame.DigestBody{Role: frame.Peer, Position: 5, From: 4, To: digest.NextSeq}
	for _, f := range []frame.Frame{
		digest, bereft, behind,
		{Kind: frame.Session, Session: 5, Topic: []byte("x"), Key: []byte{3}, Prev: prev,
			Replay: 1 << 60, Teams: true},
		{Kind: frame.Status, Flags: frame.Contested, Session: 5},
		{Kind: frame.Find, Session: 5, Find: &frame.FindBody{What: frame.FindTime,
			Value: 1700000000123456789, Topic: []byte("x"), Key: []byte{4}}},
		{Kind: frame.Find, Session: 5, Find: &frame.FindBody{What: frame.FindEnd}},
		{Kind: frame.Session, Session: 5, Properties: append([]byte{0x82, 3, 0xcf},
			0, 0, 0, 0, 0, 0, 0, 9, 0xcd, 1, 1, 0xa1, 'x')},
	} {
		packets = append(packets, e.Append(nil, &f))
	}
	for _, f := range restOfTeams() {
		packets = append(packets, e.Append(nil, &f))
	}
	return packets
}

// restOfTeams returns those that tell of teams.
func restOfTeams() []frame.Frame {
	far := nack.Range{From: 1 << 60, To: 1<<64 - 1}
	claim := frame.ClaimBody{Granted: 1<<63 - 1, Team: []byte("a b"), Share: frame.ByMessage,
		Weight: 1<<32 - 1, Room: 1024, Window: 1, Oldest: true, Host: []byte("h"), PID: 7,
		Entries: []frame.ClaimEntry{{Channel: 255, Epoch: 1<<64 - 1, State: frame.Deaf, Seq: 1 << 60,
			Done: 1 << 61, Received: 1 << 62, Ranges: []nack.Range{{From: 3, To: 4}, far},
			Freed: []nack.Range{far}, Working: []nack.Range{{From: 0, To: 1}, {From: 1, To: 9}}}}}
	many := frame.ClaimBody{Team: []byte("b"), Weight: 1, Forget: true}
	grant := frame.GrantBody{Stamp: 1 << 60, Team: []byte("b"), Lease: 90 * time.Minute,
		Share: frame.ByMessage, Refused: frame.TooMany}
	team := frame.TeamBody{Team: []byte("b"), Part: 3, Parts: 4, GivenUp: 1 << 60, Redelivered: 7,
		Refused: frame.NoTeam, Members: []frame.TeamMember{{Name: []byte("\xff"), Done: 1 << 55,
			Age: 1 << 62, Room: 9, Index: 1 << 31}}}
	for i := range uint32(12) {
		many.Entries = append(many.Entries, frame.ClaimEntry{Channel: 20 * i})
		grant.Entries = append(grant.Entries, frame.GrantEntry{Channel: i, Epoch: 1 << 60,
			State: frame.GrantState(i % 3), From: 1 << 59, To: 1 << 60, Attempt: i})
		grant.Passed = append(grant.Passed, frame.ChannelOffset{Channel: i, Offset: 1 << 63})
		team.Rows = append(team.Rows, frame.TeamRow{Channel: i, Owner: i, Epoch: 1 << 57,
			Done: 1 << 58, Newest: 1 << 59, Attempt: i, State: frame.GrantState(i % 3)})
	}
	return []frame.Frame{
		{Kind: frame.Claim, Flags: frame.Leaving, Session: 5, Name: []byte("n"), Claim: &claim},
		{Kind: frame.Claim, Session: 5, Claim: &many},
		{Kind: frame.Grant, Session: 5, Grant: &grant}, {Kind: frame.Team, Session: 5, Team: &team},
		{Kind: frame.Announce, Session: 5, Topic: []byte("t"), Announce: &frame.AnnounceBody{
			Partitions: 1, Groups: 1, Teams: []frame.AnnouncedTeam{
				{Name: []byte("a"), Share: frame.ByMessage, Members: 4, Lag: 1 << 60},
				{Name: []byte("b")}}}},
	}
}

// They agree on the frames of simulated runs, which have every field between them but those that
// are unsimulated.
func TestSimulatedFramesAgree(t *testing.T) {
	t.Parallel()
	s := newTshark(t)
	scenarios, least := []string{"storm"}, 2000
	if *long {
		scenarios = []string{"overload-drop", "dead-subscriber", "storm", "partitions",
			"feeds-ab", "discovery-storm"}
		least = 100_000
	}
	frames, all := 0, map[string]int{}
	for _, name := range scenarios {
		capture := filepath.Join(t.TempDir(), name+".pcapng")
		clitest.Run(t, sim.Command(), "sim", "run", name, "--pcap", capture, "-q").Want(cli.ExitOK)
		n, values := agree(t, s, capture)
		t.Logf("%s: %d frames, %d values", name, n, sum(values))
		frames += n
		for name, n := range values {
			all[name] += n
		}
	}
	if frames < least {
		t.Errorf("%d frames, fewer than %d", frames, least)
	}
	for _, name := range names {
		if all[name] == 0 && *long && !slices.Contains(unsimulated, name) {
			t.Errorf("no frame has %s", name)
		}
	}
}

// unsimulated are the fields that the frames of these scenarios lack. TestExamplesAgree has them.
var unsimulated = []string{
	"flags.too_large", "flags.replay", "flags.live", "flags.full", "flags.final",
	"flags.ended", "topic", "key", "replay", "prev.session", "prev.channel", "prev.sequence",
	"prev.offset", "prev.topic", "prev.publisher", "prev.key", "written", "synced",
	"at.sequence", "at.offset", "proposal", "part.from", "part.to", "holder", "digest_version",
	"role", "heard", "absent", "what", "value", "further.written", "further.synced",
	"host", "process", "rate.bytes", "rate.messages", "subscribers",
	"teams", "announced.name", "announced.share", "announced.members", "announced.lag",
	"team", "share", "granted", "stamp", "lease", "work_time", "weight", "messages_at_once",
	"window", "oldest", "forget", "members", "finished", "refused",
	"given_up", "redelivered",
	"part_of_answer", "parts", "claim.channel", "claim.epoch", "claim.state", "claim.sequence",
	"claim.done", "claim.received", "claim.ranges.from", "claim.ranges.to", "claim.freed.from",
	"claim.freed.to", "claim.working.from", "claim.working.to", "grant.channel", "grant.epoch",
	"grant.state", "grant.sequence", "grant.from", "grant.to", "grant.attempt", "passed.channel",
	"passed.from", "passed.to", "member.name", "member.subscriber", "member.address",
	"member.index", "member.weight", "member.room", "member.outstanding", "member.done",
	"member.age", "row.channel", "row.owner", "row.epoch", "row.done", "row.newest",
	"row.attempt", "row.state",
}

func sum(values map[string]int) (n int) {
	for _, v := range values {
		n += v
	}
	return n
}
