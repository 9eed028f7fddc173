package replay

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/cmd/crier/events"
	"crier/cmd/crier/logdir/logtest"
	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
	"crier/reliable/topic"
	"crier/subscriber"
)

const (
	feed  = 0x8f2a01c44be07d15
	other = 0x1122334455667788
)

// written returns the directory of a log with a session of 200 messages with a hole of 5, from
// offset 1,000 on, and others that are open.
func written(t *testing.T, others int) string {
	t.Helper()
	dir := t.TempDir()
	l := logtest.New(t, dir)
	l.Session(feed, &reliable.Title{Publisher: "feed", FirstOffset: 1000}, 200,
		nack.Range{From: 55, To: 60}, &journal.End{How: reliable.EndBye, Cause: reliable.CauseEnded})
	for i := range others {
		l.Session(other+uint64(i), nil, 5, nack.Range{}, nil)
	}
	l.Close()
	return dir
}

func run(t *testing.T, args ...string) *clitest.Result {
	t.Helper()
	return clitest.Run(t, Command(), append([]string{"replay"}, args...)...)
}

// lines returns the messages [from, to), a line each.
func lines(from, to uint64) string {
	var b strings.Builder
	for o := from; o < to; o++ {
		b.WriteString(logtest.Message(o) + "\n")
	}
	return b.String()
}

func TestPrint(t *testing.T) {
	dir := written(t, 1)
	for _, test := range []struct {
		args string
		exit int
		out  string
		says string
	}{
		{"8f2a", cli.ExitLost, lines(1000, 1055) + lines(1060, 1200),
			"offsets 1,055 to 1,059 are lost: unanswered"},
		{"8f2a --start offset:1060", cli.ExitOK, lines(1060, 1200), "140 messages\n"},
		{"8f2a --start offset:1060 --until offset:1070", cli.ExitOK, lines(1060, 1070), ""},
		{"8f2a --until offset:1055", cli.ExitOK, lines(1000, 1055), ""},
		{"8f2a --start time:2026-11-30T08:00:01Z --until time:2026-11-30T08:00:01.5Z", cli.ExitOK,
			lines(1100, 1150), ""},
		{"8f2a --count 3", cli.ExitOK, lines(1000, 1003), ""},
		{"11", cli.ExitLost, lines(0, 5), "the log ends before the session does: what came from " +
			"offset 5 on is unknown"},
		{"11 --until offset:3", cli.ExitOK, lines(0, 3), ""},
		{"11 --until offset:9", cli.ExitLost, lines(0, 5), "the log ends before the session does"},
		{"", cli.ExitLost, lines(0, 5) + lines(1000, 1055) + lines(1060, 1200), "200 messages, 5 lost"},
	} {
		r := run(t, append([]string{"--dir", dir}, strings.Fields(test.args)...)...).Want(test.exit)
		if test.args == "" { // both began at the same time
			if r.Out.Len() != len(test.out) {
				t.Errorf("all sessions: %d bytes, want %d", r.Out.Len(), len(test.out))
			}
		} else if r.Out.String() != test.out {
			t.Errorf("%s: it printed %d bytes, want %d:\n%s", test.args, r.Out.Len(), len(test.out),
				r.Out)
		}
		if !strings.Contains(r.Err.String(), test.says) {
			t.Errorf("%s: it says %q, want %q", test.args, r.Err, test.says)
		}
	}
	r := run(t, "--dir", dir, "8f2a", "--format", "json", "-q").Want(cli.ExitLost)
	var list []events.Line
	for line := range strings.Lines(r.Out.String()) {
		var e events.Line
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err, line)
		}
		list = append(list, e)
	}
	if e := list[0]; len(list) != 197 || *e.Offset != 1000 || *e.Text != "message 1000" ||
		e.SentNS != logtest.Begin.UnixNano() || e.Name != "feed" || e.Group != "" ||
		list[55].Type != "loss" || *list[55].To != 1060 || list[196].Type != "ended" {
		t.Errorf("%d lines: %s", len(list), r.Out)
	}
	if r.Err.Len() > 0 {
		t.Errorf("a quiet replay says %q", r.Err)
	}
	if strings.Contains(r.Out.String(), "received_ns") {
		t.Error("messages of a log were received")
	}
}

// partitioned returns the directory of a log with a session of two partitions, 0 and 2 of four, of
// 30 and 20 messages.
func partitioned(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	l := logtest.New(t, dir)
	for partition, n := range map[uint32]uint64{0: 30, 2: 20} {
		l.Tape(journal.Key{Session: feed, Channel: partition}, &reliable.Title{Publisher: "feed",
			Topic: "orders", Layout: topic.Layout{Partitions: 4, Groups: 4},
			FirstOffset: 100 * uint64(partition)}, n, nack.Range{},
			&journal.End{How: reliable.EndBye, Cause: reliable.CauseEnded})
	}
	l.Session(other, nil, 5, nack.Range{}, nil)
	l.Close()
	return dir
}

// The partitions of a session come as they were published, with keys and headers.
func TestPrintPartitions(t *testing.T) {
	dir := partitioned(t)
	var mixed strings.Builder
	for i := range uint64(30) {
		mixed.WriteString(logtest.Message(i) + "\n")
		if i < 20 {
			mixed.WriteString(logtest.Message(200+i) + "\n")
		}
	}
	for _, test := range []struct {
		args string
		exit int
		out  string
		says string
	}{
		{"8f2a", cli.ExitOK, mixed.String(), "50 messages\n"},
		{"--topic orders", cli.ExitOK, mixed.String(), "50 messages\n"},
		{"--topic orders --partition 2", cli.ExitOK, lines(200, 220), ""},
		{"8f2a --partition 1-2,7 --start offset:210", cli.ExitOK, lines(210, 220), ""},
		{"--topic fx", cli.ExitError, "", "has nothing of topic fx: crier log ls"},
		{"8f2a --partition 1,3", cli.ExitError, "", "has nothing, partition 1,3: crier log ls"},
		{"8f2a --partition x", cli.ExitUsage, "", "is no partition"},
		{"8f2a --start offset:3", cli.ExitUsage, "", "offsets are those of a partition, and session " +
			"8f2a01c44be07d15 has 2: name one with --partition"},
	} {
		r := run(t, append([]string{"--dir", dir}, strings.Fields(test.args)...)...).Want(test.exit)
		if r.Out.String() != test.out || !strings.Contains(r.Err.String(), test.says) {
			t.Errorf("%s: it printed %q, and says %q", test.args, r.Out, r.Err)
		}
	}
	r := run(t, "--dir", dir, "8f2a", "--partition", "2", "--count", "1", "--show",
		"topic,partition,offset,key").Want(cli.ExitOK)
	if want := "orders\t2\t200\tkey 4\tmessage 200\n"; r.Out.String() != want {
		t.Errorf("it shows %q, want %q", r.Out, want)
	}
	r = run(t, "--dir", dir, "8f2a", "--partition", "2", "--count", "1", "--format", "json")
	var e struct {
		Partition uint32
		Topic     string
		Key       string
		Headers   json.RawMessage
	}
	if err := json.Unmarshal(r.Out.Bytes(), &e); err != nil || e.Partition != 2 ||
		e.Topic != "orders" || e.Key != "key 4" || e.Headers == nil {
		t.Errorf("%v: %s", err, r.Out)
	}
}

// A log is replayed while it is written, as far as it goes.
func TestPrintBeside(t *testing.T) {
	dir := t.TempDir()
	l := logtest.New(t, dir)
	l.Session(other, nil, 25, nack.Range{}, nil)
	if r := run(t, "--dir", dir).Want(cli.ExitLost); r.Out.String() != lines(0, 25) {
		t.Errorf("it printed %q", r.Out)
	}
	l.Close()
}

// Bad input gets a sentence.
func TestBadInput(t *testing.T) {
	dir := written(t, 1)
	for _, test := range []struct {
		args string
		exit int
		says string
	}{
		{"", cli.ExitUsage, "--dir is missing"},
		{"--dir /nowhere", cli.ExitError, "there is no directory /nowhere"},
		{"--dir " + t.TempDir(), cli.ExitError, "has no log in it"},
		{"--dir " + dir + " 1 2", cli.ExitUsage, "it takes one session"},
		{"--dir " + dir + " 77", cli.ExitError, "has no session 77"},
		{"--dir " + dir + " --start latest", cli.ExitUsage, "has no meaning in a log"},
		{"--dir " + dir + " --start resume", cli.ExitUsage, "has no meaning in a log"},
		{"--dir " + dir + " --start offset:3", cli.ExitUsage, "offsets are those of a session"},
		{"--dir " + dir + " 11 --start time:-1h", cli.ExitUsage, "use offsets"},
		{"--dir " + dir + " --count 0", cli.ExitUsage, "would print nothing"},
		{"--dir " + dir + " --format xml", cli.ExitUsage, "is not known"},
		{"--dir " + dir + " --speed 2", cli.ExitUsage, "--speed is for --publish"},
		{"--dir " + dir + " --publish", cli.ExitUsage, "--publish takes one session"},
		{"--dir " + dir + " 8f2a --publish --format json", cli.ExitUsage, "--format is for printing"},
		{"--dir " + dir + " 8f2a --publish --same-group", cli.ExitUsage,
			"give --group 239.77.0.1:7700 too"},
		{"--dir " + dir + " 8f2a --publish --group 239.77.0.1:7700", cli.ExitUsage,
			"is that of live publishers and subscribers"},
		{"--dir " + dir + " 8f2a --publish --start offset:99999", cli.ExitError,
			"nothing was published"},
	} {
		r := run(t, strings.Fields(test.args)...).Want(test.exit)
		if !strings.Contains(r.Err.String(), test.says) {
			t.Errorf("crier replay %s says %q, want %q", test.args, r.Err, test.says)
		}
	}
}

// A session is published again with its offsets and at its pace, marked as a replay: a subscriber
// that doesn't ask for replays has nothing of it, early or late.
func TestPublish(t *testing.T) {
	dir, group := written(t, 0), clitest.Group(t)
	cfg := subscriber.Config{Groups: []netip.AddrPort{netip.MustParseAddrPort(group)}}
	early, err := subscriber.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	live, plain := []*subscriber.Subscriber{early}, cfg
	cfg.Logs.Replays = true
	sub, err := subscriber.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	done := make(chan *clitest.Result)
	go func() {
		done <- run(t, "--dir", dir, "8f2a", "--publish", "--group", group, "--speed", "10",
			"--wait-for", "1", "--start", "offset:1010")
	}()
	next := uint64(1010)
	for ev := range sub.Messages(t.Context()) {
		switch ev.Kind {
		case subscriber.Message:
			if ev.Offset != next || string(ev.Payload) != logtest.Message(next) {
				t.Fatalf("offset %d came for %d: %q", ev.Offset, next, ev.Payload)
			}
			if next++; next == 1020 {
				late, err := subscriber.New(plain)
				if err != nil {
					t.Fatal(err)
				}
				live = append(live, late)
			}
			if ev.Publisher != "feed" && ev.Publisher != "" {
				t.Fatalf("the publisher is %q", ev.Publisher)
			}
		case subscriber.Loss:
			if ev.Lost != (subscriber.Range{From: 1055, To: 1060}) ||
				ev.Cause != subscriber.CauseDropped {
				t.Fatalf("lost %v: %v", ev.Lost, ev.Cause)
			}
			next = 1060
		}
		if ev.Kind == subscriber.SessionEnded {
			break
		}
	}
	if next != 1200 {
		t.Errorf("the replay ended at offset %d", next)
	}
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
	r := (<-done).Want(cli.ExitLost) // five messages are missing
	if took := time.Since(begin); took < 189*logtest.Step/10 {
		t.Errorf("a replay of %v, ten times as fast, took %v", 190*logtest.Step, took)
	}
	for _, text := range []string{"publishing session 8f2a01c44be07d15 (feed) again",
		"published offsets 1,010 to 1,199", "185 messages, 5 lost"} {
		if !strings.Contains(r.Err.String(), text) {
			t.Errorf("it says %q, want %q", r.Err, text)
		}
	}
	for i, one := range live {
		if err := one.Close(); err != nil {
			t.Error(err)
		}
		for ev := range one.Messages(t.Context()) {
			t.Errorf("subscriber %d, which asked for no replays, has %v", i, ev)
		}
		if st := one.Stats(); st.Replays == 0 || st.Sent > 0 {
			t.Errorf("subscriber %d dropped %d frames of the replay, and sent %d datagrams", i,
				st.Replays, st.Sent)
		}
	}
}
