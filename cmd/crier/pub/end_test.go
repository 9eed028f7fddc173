package pub

import (
	"errors"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/publisher"
	"crier/reliable"
)

// What was not sent is told by partition, and is no error besides.
func TestUnsentOfPartitions(t *testing.T) {
	a := &publisher.UnsentError{First: 3, Next: 5}
	b := &publisher.UnsentError{First: 1, Next: 2, Partition: 7}
	other := errors.New("other")
	list, rest := unsentOf(errors.Join(a, b))
	if len(list) != 2 || list[0] != a || list[1] != b || rest != nil {
		t.Errorf("%v, %v", list, rest)
	}
	if list, rest := unsentOf(errors.Join(other, b)); len(list) != 1 || !errors.Is(rest, other) {
		t.Errorf("%v, %v", list, rest)
	}
	e := outcome{unsent: list, partitions: 8}
	const closed = " never left: the session was closed before they were sent\n"
	want := "crier pub: offsets 3 to 4 of partition 0" + closed +
		"crier pub: offset 1 of partition 7" + closed
	if got := e.missing(); got != want || e.summary().UnsentMessages != 3 {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	e.unsent, e.partitions = list[:1], 1
	if got := e.missing(); !strings.HasPrefix(got, "crier pub: offsets 3 to 4 never left") {
		t.Error(got)
	}
}

// Where frames are owed and subscribers still asked, the last words tell both.
func TestMissingEndsWithWhatIsOwed(t *testing.T) {
	var asks publisher.Subscriber
	asks.Name, asks.Asks = "deaf", true
	e := outcome{list: []publisher.Subscriber{asks}}
	e.stats.EndLeft, e.stats.Asking, e.stats.Owed = true, 1, 3
	lines := strings.Split(strings.TrimSpace(e.missing()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "subscriber deaf (") ||
		!strings.Contains(lines[1], "3 frames were asked for and not yet repaired") ||
		!strings.Contains(lines[1], "and 1 subscriber had asked for some within the last") {
		t.Errorf("%q", lines)
	}
}

// A subscriber of several partitions is as far as all of them together, and behind in those that
// are named.
func TestEndOfPartitions(t *testing.T) {
	var s publisher.Subscriber
	s.Name, s.Lacks, s.Left, s.Recorder, s.Lag, s.Offset = "slow", true, true, true, 12, 100
	s.Partitions = []reliable.MemberPartition{{Partition: 2, Offset: 100, Written: 90},
		{Partition: 5, Offset: 20, Lag: 4, Written: 9}, {Partition: 6, Lag: 8, Lacks: true}}
	e := outcome{list: []publisher.Subscriber{s}, partitions: 8}
	e.stats.EndLeft, e.stats.Lacking = true, 1
	if got := e.missing(); !strings.HasSuffix(got,
		" left 12 messages behind in partitions 5-6\n") {
		t.Error(got)
	}
	got := e.table(cli.PlainSheet)
	for _, want := range []string{"messages  lag  written", " 120   12       99"} {
		if !strings.Contains(got, want) {
			t.Errorf("it doesn't say %q:\n%s", want, got)
		}
	}
	if row := e.summary().Subscribers[0]; row.Offset != 120 || row.Log.Written != 99 {
		t.Errorf("%+v, %+v", row, row.Log)
	}
	s.Partitions = nil
	if got := lackText(&s); !strings.HasSuffix(got, "left at offset 100, 12 messages behind") {
		t.Error(got)
	}
}
