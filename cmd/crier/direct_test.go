package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/counts"
	"crier/reliable"
)

// What goes in comes out, in the format that is asked for.
func TestFormats(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	messages := []string{"one", "", "zwei\twörter", "\xff\x00binary",
		strings.Repeat("long ", 10000)}
	var in bytes.Buffer
	for _, m := range messages {
		binary.Write(&in, binary.BigEndian, uint32(len(m)))
		in.WriteString(m)
	}
	subs := map[string]*tool{}
	for _, format := range []string{"lines", "len", "json"} {
		subs[format] = start(t, nil, on(group, "sub", "--format", format,
			"--until-end")...).listening()
	}
	sent := in.String()
	pub := start(t, &in, on(group, "pub", "--from", "-", "--format", "len", "--summary",
		"-")...).wait(cli.ExitOK)
	for _, s := range subs {
		s.wait(cli.ExitOK)
	}
	if got, want := subs["lines"].out.String(), strings.Join(messages, "\n")+"\n"; got != want {
		t.Errorf("lines: %.200q", got)
	}
	if got := subs["len"].out.String(); got != sent {
		t.Errorf("len: %.200q", got)
	}
	session := decodeSummary[pubSummary](t, pub.out.bytes()).Session
	lines := linesOf(t, subs["json"].out.bytes())
	if n := len(lines); n != len(messages)+2 || lines[0].Type != "new" ||
		lines[n-1].Type != "ended" || lines[n-1].Cause != "session ended" {
		t.Fatalf("json: %+v", lines)
	}
	for i, l := range lines[1 : len(lines)-1] {
		payload := l.Text
		if messages[i] == "\xff\x00binary" {
			b, err := base64.StdEncoding.DecodeString(*l.Base64)
			text := string(b)
			if payload = &text; err != nil || l.Text != nil {
				t.Error(err, l)
			}
		}
		if l.Type != "message" || l.Session != session || *l.Offset != uint64(i) ||
			*payload != messages[i] || *l.Recovered ||
			l.SentNS == 0 || l.Received < l.SentNS {
			t.Errorf("json line %d: %+v", i, l)
		}
	}
	if words := subs["json"].err.String(); strings.Contains(words, "is heard") {
		t.Errorf("sessions stand in JSON and in words: %s", words)
	}
	if words := subs["lines"].err.String(); !strings.Contains(words, "session "+session+
		" from 127.0.0.1:") || !strings.Contains(words, " ended\n") {
		t.Errorf("words: %s", words)
	}
}

// The summaries have these keys, and besides them only quiet counters while all goes well.
func TestSummaryKeys(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	file := filepath.Join(t.TempDir(), "sub.json")
	sub := start(t, nil, on(group, "sub", "--until-end", "--summary", file)...).listening()
	pub := start(t, strings.NewReader("a\nb\n"),
		on(group, "pub", "--from", "-", "--summary", "-", "--name", "a publisher")...).wait(
		cli.ExitOK)
	sub.wait(cli.ExitOK)

	want := "accepted bytes_sent end_left frames_sent nacks_received repairs_sent session " +
		"subscribers"
	p := decodeSummary[pubSummary](t, pub.out.bytes())
	if got := keysOf(t, pub.out.bytes(), p.Counters, want); got != want {
		t.Errorf("pub: %s", got)
	}
	sum := summaryOf[subSummary](t, file)
	b, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	want = "invalid_datagrams kernel_drops sessions"
	if got := keysOf(t, b, sum.Counters, want); got != want {
		t.Errorf("sub: %s", got)
	}
	s := sum.Sessions[0]
	s.Losses = append(s.Losses, lossSummary{})
	if b, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	want = "before_start delivered duplicates end first_offset group latency_ns losses " +
		"lost nacks_sent name next_offset partition recovered recovery_ns session source " +
		"taken_ns"
	if got := keysOf(t, b, s.Counters, want); got != want {
		t.Errorf("session: %s", got)
	}
	if s.Name != "a publisher" || s.Delivered != 2 || s.FirstOffset != 0 || s.NextOffset != 2 ||
		s.End != "bye" || s.Latency == nil ||
		!strings.HasPrefix(s.Source, "127.0.0.1:") || s.Recovery != nil {
		t.Errorf("session: %s", brief(s))
	}
	if p.Session != s.Session || p.Counters.N("accepted") != 2 ||
		p.Counters.N("frames_sent") == 0 || p.Counters.N("frames_sent") > 2 ||
		p.Counters.N("bytes_sent") == 0 {
		t.Errorf("pub: %+v", p)
	}
}

// keysOf are an object's keys, sorted, without those of quiet counters that aren't among want.
func keysOf(t *testing.T, object []byte, counters counts.Values, want string) string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(object, &m); err != nil {
		t.Fatalf("%v in %s", err, object)
	}
	var keys []string
	for k := range m {
		quiet := slices.ContainsFunc(counters, func(c counts.Value) bool {
			return c.Name == k && c.Note == reliable.Quiet
		})
		if !quiet || slices.Contains(strings.Fields(want), k) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}

// With --recovery off nothing is asked for, and what is lost is named so.
func TestRecoveryOff(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	file := filepath.Join(t.TempDir(), "s")
	sub := start(t, nil, on(group, "sub", "--recovery", "off", "--drop", "0.2", "--until-end",
		"--format", "json", "--summary", file)...).listening()
	pub := start(t, nil, on(group, "pub", "--count", "3000", "--size", "700", "--rate", "20000",
		"--summary", "-")...).wait(cli.ExitOK)
	sub.wait(cli.ExitLost)
	sum := summaryOf[subSummary](t, file)
	wantSum(t, sum)
	s := sum.Sessions[0]
	if s.Counters.N("nacks_sent") != 0 || s.Lost == 0 || s.NextOffset != 3000 ||
		s.FirstOffset != 0 || s.End != "bye" {
		t.Errorf("%s", brief(s))
	}
	for _, l := range s.Losses {
		if l.Cause != "recovery off" {
			t.Errorf("%+v", l)
		}
	}
	if p := decodeSummary[pubSummary](t, pub.out.bytes()); p.Counters.N("nacks_received") != 0 ||
		p.Counters.N("repairs_sent") != 0 {
		t.Errorf("%+v", p)
	}
	var lost uint64
	for _, l := range linesOf(t, sub.out.bytes()) {
		if l.Type == "loss" {
			lost += *l.To - *l.From
		}
	}
	if lost != s.Lost {
		t.Errorf("%d lost in the stream, %d in the summary", lost, s.Lost)
	}
}

// --order on-arrival brings everything once, and late messages late.
func TestOrderArrival(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--order", "on-arrival", "--drop", "0.2", "--until-end",
		"--format", "json")...).listening()
	const count = 3000
	start(t, nil, on(group, "pub", "--count", fmt.Sprint(count), "--size", "700", "--rate", "20000",
		"--linger", "4s")...).wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	seen, behind, next := make([]bool, count), 0, uint64(0)
	for _, l := range linesOf(t, sub.out.bytes()) {
		if l.Type != "message" {
			continue
		}
		if seen[*l.Offset] {
			t.Fatalf("offset %d came twice", *l.Offset)
		}
		seen[*l.Offset] = true
		if *l.Offset < next {
			behind++
		}
		next = max(next, *l.Offset+1)
	}
	if i := slices.Index(seen, false); i >= 0 || behind == 0 {
		t.Errorf("offset %d is missing; %d came behind later ones", i, behind)
	}
}

// --start oldest begins with the oldest that is held; latest doesn't.
func TestStartOldest(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	early := start(t, nil, on(group, "sub", "--format", "json")...).listening()
	pub := start(t, nil, on(group, "pub", "--rate", "2000", "--size", "1000")...)
	early.await(early.out, `"message"`, 200)
	oldest := start(t, nil, on(group, "sub", "--start", "oldest", "--count", "300", "--format",
		"json")...).wait(cli.ExitOK)
	latest := start(t, nil, on(group, "sub", "--count", "1", "--format", "json")...).wait(
		cli.ExitOK)
	pub.stop()
	pub.wait(cli.ExitOK)
	if got := firstMessage(t, oldest); got != 0 {
		t.Errorf("oldest begins at %d", got)
	}
	if got := firstMessage(t, latest); got < 200 {
		t.Errorf("latest begins at %d", got)
	}
}

func firstMessage(t *testing.T, sub *tool) uint64 {
	t.Helper()
	for _, l := range linesOf(t, sub.out.bytes()) {
		if l.Type == "message" {
			return *l.Offset
		}
	}
	t.Fatalf("no message: %s", sub.err)
	return 0
}

// One subscriber of two groups hears both publishers, apart.
func TestTwoGroups(t *testing.T) {
	t.Parallel()
	a, b := testGroup(t), testGroup(t)
	file := filepath.Join(t.TempDir(), "s")
	sub := start(t, nil, on(append(a, b[:2]...), "sub", "--summary", file, "--drop",
		"0.1")...).listening()
	one := start(t, nil, on(a, "pub", "--count", "500", "--rate", "5000", "--summary", "-")...)
	two := start(t, nil, on(b, "pub", "--count", "700", "--rate", "5000", "--summary", "-")...)
	one.wait(cli.ExitOK)
	two.wait(cli.ExitOK)
	sub.await(sub.err, " ended\n", 2)
	sub.stop()
	sub.wait(cli.ExitOK)
	sum := summaryOf[subSummary](t, file)
	wantSum(t, sum)
	got := map[string]uint64{}
	for _, s := range sum.Sessions {
		got[s.Session] = s.Delivered
	}
	if len(got) != 2 || got[decodeSummary[pubSummary](t, one.out.bytes()).Session] != 500 ||
		got[decodeSummary[pubSummary](t, two.out.bytes()).Session] != 700 {
		t.Error(got)
	}
}

// --batch-wait lets messages share datagrams.
func TestBatchWait(t *testing.T) {
	t.Parallel()
	frames := map[string]uint64{}
	for _, wait := range []string{"0s", "50ms"} {
		pub := start(t, nil, on(testGroup(t), "pub", "--count", "40", "--rate", "200",
			"--batch-wait", wait, "--summary", "-")...)
		pub.wait(cli.ExitOK)
		frames[wait] = decodeSummary[pubSummary](t, pub.out.bytes()).Counters.N("frames_sent")
	}
	if frames["50ms"] >= frames["0s"] {
		t.Errorf("frames: %v", frames)
	}
}

// What is defaulted to the loopback interface says so; what was named doesn't.
// The default group is listened to for a moment only, and nothing is sent.
func TestLoopbackNotice(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	const notice = "only this machine"
	for _, c := range []struct {
		args []string
		want bool
	}{
		{[]string{"sub", "--timeout", "1ms"}, true},
		{[]string{"sub", "--timeout", "1ms", "--iface", "lo"}, false},
		{[]string{"sub", "--timeout", "1ms", "-q"}, false},
		{[]string{"pub", "--from", "-", "--group", group[1]}, true},
		{[]string{"pub", "--from", "-", "--group", group[1], "--iface", "127.0.0.1"}, false},
		{[]string{"pub", "--from", "-", "--group", group[1], "-q"}, false},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			r := start(t, strings.NewReader(""), c.args...)
			<-r.ended
			if got := strings.Contains(r.err.String(), notice); got != c.want {
				t.Errorf("said %v: %s", got, r.err)
			}
			if lines := strings.Count(r.err.String(), notice); lines > 1 {
				t.Errorf("%d lines say so", lines)
			}
		})
	}
}
