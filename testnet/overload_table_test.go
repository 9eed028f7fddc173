package testnet

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

var updateTable = flag.Bool("overload.update", false, "write the table into docs/OVERLOAD.md")

// cell is one run: a producer of 3,000 messages, a frame each, one a millisecond;
// a ring of 200 frames; three subscribers, of which one is in trouble.
type cell struct {
	answer, pace, trouble string

	held    time.Duration
	dropped int
	// lost is the number of messages that the subscriber in trouble lost.
	lost        uint64
	causes      string
	healthyLost uint64
	// healthyWorst is the greatest latency.
	healthyWorst time.Duration
	// disk is the greatest number of frames on disk.
	disk int
}

const cellMessages = 3000

func (c *cell) run(t *testing.T, seed uint64) {
	t.Helper()
	var pace reliable.Pace
	err := pace.UnmarshalText([]byte(c.pace))
	if err != nil {
		t.Fatal(err)
	}
	s := story.New(t, seed)
	sc := send.Config{Retention: send.Retention{ResendBuffer: story.Ring(200)},
		Flow: send.Flow{Pace: pace, StallTimeout: time.Second}}
	switch c.answer {
	case "drop":
		sc.Flow.WhenFull = reliable.Drop
	case "disk":
		sc.Retention.Disk = 8 << 20
	}
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: sc,
		Disk: world.DiskConfig{Wait: time.Millisecond}})
	var worst time.Duration
	healthy := func(now reliable.Time, ev *reliable.Event) {
		if ev.Kind == reliable.Message {
			worst = max(worst, now.Sub(pub.Session().AcceptedAt(ev.Offset)))
		}
	}
	var well []*world.Subscriber
	for _, name := range []string{"a", "b"} {
		well = append(well, story.AddSubscriber(t, s.World,
			world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil), OnEvent: healthy,
				Receiver: receive.Config{Name: name}}))
	}
	cfg := world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
		Receiver: receive.Config{Name: "c", Memory: receive.Memory{Buffer: 64 << 10}}}
	if c.trouble == "slow" {
		cfg.Work = 3 * time.Millisecond
	}
	c3 := s.Listen(cfg)
	switch c.trouble {
	case "paused 300 ms":
		s.At(1000*story.Milli, func() { c3.Pause(300 * time.Millisecond) })
	case "killed":
		s.At(1000*story.Milli, c3.Crash)
	}
	for i := range cellMessages {
		s.At(200*story.Milli+reliable.Time(i)*story.Milli, func() {
			if _, err := pub.Publish(fmt.Appendf(make([]byte, 0, 1300), "%01299d",
				i)); errors.Is(err, reliable.ErrDropped) {
				c.dropped++
			}
		})
	}
	s.At(12_000*story.Milli, pub.Close)
	s.Judge(12_000*story.Milli, 40_000*story.Milli)
	c.held, c.disk, c.healthyWorst = pub.BlockedFor(), pub.DiskMost(), worst
	for _, sub := range well {
		c.healthyLost = max(c.healthyLost, sub.Sessions()[0].Lost)
	}
	if c.trouble != "killed" {
		c.lost = c3.Sessions()[0].Lost
	}
	for _, line := range s.Told[c3] {
		if _, cause, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "lost") &&
			!strings.Contains(c.causes, cause) {
			c.causes += ", " + cause
		}
	}
}

func (c *cell) row() string {
	lost := fmt.Sprintf("%d%s", c.lost, strings.Replace(c.causes, ", ", ": ", 1))
	if c.trouble == "killed" {
		lost = "-"
	}
	answer := c.answer
	if c.pace == "none" {
		answer = "any"
	}
	return fmt.Sprintf("| %s | %s | %s | %v | %d | %s | %d | %v | %d |\n", answer, c.pace,
		c.trouble,
		c.held.Round(10*time.Millisecond), c.dropped, lost, c.healthyLost,
		c.healthyWorst.Round(100*time.Microsecond), c.disk)
}

// stands reports whether the cell is in the document's table: others fare alike. With a pace by
// which c does not count the answer makes no difference.
func (c *cell) stands() bool {
	return c.trouble != "healthy" && (c.pace == "slowest" || c.pace == "none" && c.answer == "drop")
}

// same reports whether the third and the producer fared alike in two cells, as far as the
// document claims.
func (c *cell) same(other *cell) bool {
	return (c.held-other.held).Abs() < 50*time.Millisecond && c.dropped == other.dropped &&
		c.lost == other.lost && c.causes == other.causes && c.healthyLost == other.healthyLost
}

// Every cell of answer x pace x trouble, each judged by the Checker. Those that differ are in the
// table of docs/OVERLOAD.md, which must show the figures that are measured here.
func TestOverloadTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("| answer | pace | the third is | producer held | dropped | the third lost " +
		"| the others lost | their worst latency | frames on disk |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	likes := make(map[string]*cell) // the cells of the table, for those that fare alike
	for _, answer := range []string{"drop", "disk", "block"} {
		for _, pace := range []string{"none", "slowest", "quorum:2", "named:c"} {
			for _, trouble := range []string{"healthy", "slow", "paused 300 ms", "killed"} {
				c := &cell{answer: answer, pace: pace, trouble: trouble}
				c.run(t, 51)
				counts := slices.Contains([]string{"slowest", "named:c"}, pace)
				like := trouble
				if counts {
					like += answer
				}
				if likes[like] == nil {
					likes[like] = c
				} else if !c.same(likes[like]) {
					t.Errorf("%+v fares otherwise than %+v", c, likes[like])
				}
				if c.stands() {
					b.WriteString(c.row())
				}
				switch {
				case trouble == "healthy" && (c.lost+c.healthyLost > 0 || c.dropped > 0 ||
					c.held > 0):
					t.Errorf("nobody is in trouble: %+v", c)
				case answer != "drop" && counts && c.lost > 0:
					t.Errorf("it counts, and lost: %+v", c)
				case answer != "block" && c.held > 0:
					t.Errorf("the producer was held: %+v", c)
				case !counts && (c.healthyLost > 0 || c.dropped > 0 || c.held > 0):
					t.Errorf("it doesn't count, and others felt it: %+v", c)
				case trouble == "killed" && c.held > 1100*time.Millisecond:
					t.Errorf("a dead one held the others: %+v", c)
				}
			}
		}
	}
	const path, open, end = "../docs/OVERLOAD.md", "<!-- table -->\n", "<!-- /table -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(data), open)
	shown, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	if *updateTable {
		if err := os.WriteFile(path, []byte(before+open+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if shown != b.String() {
		t.Errorf("%s shows another table than was measured; go test ./testnet -run "+
			"OverloadTable -overload.update mends it:\n%s", path, b.String())
	}
}
