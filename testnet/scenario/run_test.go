package scenario

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/world"
)

// parse reads a scenario that is right.
func parse(t testing.TB, text string) *Scenario {
	t.Helper()
	s, err := Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// play plays a scenario to its end, which must keep the promise.
func play(t testing.TB, s *Scenario, opts Options, look ...func(*Run)) *Run {
	t.Helper()
	r, err := New(s, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range look {
		f(r)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	if err := r.Play(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// dataOrMadeUp opens a recorded trace, or one of its form that is made up where the data is not.
func dataOrMadeUp(name string) (io.ReadCloser, error) {
	dir := filepath.Join("..", "..", "..", "shared", "data")
	if f, err := os.Open(filepath.Join(dir, name)); err == nil {
		return f, nil
	}
	return io.NopCloser(strings.NewReader(madeUp(name))), nil
}

// madeUp returns a record for a built-in scenario: a sample in twenty is a loss.
func madeUp(name string) string {
	var b strings.Builder
	switch {
	case strings.HasPrefix(name, "rutgers"):
		fmt.Fprintln(&b, "noise_dbm,sender,receiver,received,bitmap")
		bits := strings.Repeat(strings.Repeat("1", 19)+"0", 15)
		for i := range 28 {
			fmt.Fprintf(&b, "-20,1-2,2-%d,285,%s\n", i, bits)
		}
	case strings.HasPrefix(name, "tossim"):
		for i := range 2000 {
			fmt.Fprintln(&b, -98+40*(i%20/19))
		}
	case strings.HasSuffix(name, "loss.txt.gz"):
		for i := range 2000 {
			fmt.Fprintln(&b, i%20/19)
		}
	default: // delays
		for i := range 2000 {
			fmt.Fprintln(&b, 30_000_000+i%7*1_000_000)
		}
	}
	return b.String()
}

// A fresh clone, which has no recorded data, can play what replays it with records of its own.
func TestMadeUpRecords(t *testing.T) {
	for _, name := range []string{"wifi", "tossim", "starlink"} {
		s, err := Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		s.Duration = Duration(3 * time.Second)
		lost := 0
		play(t, s, Options{
			Open: func(name string) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader(madeUp(name))), nil
			},
			Trace: func(line string) {
				if strings.HasSuffix(line, ": loss") {
					lost++
				}
			},
		})
		if lost == 0 {
			t.Errorf("%s: nothing is lost", name)
		}
	}
}

var wholeCrowds = flag.Bool("scenario.crowds", false,
	"play built-in scenarios with all of their subscribers, which takes a minute or two")

// Every built-in scenario has a story of two lines, is written as its file has it, and
// keeps the promise; groups of more than 50 with 50, unless -scenario.crowds is given.
func TestBuiltins(t *testing.T) {
	for _, name := range Builtins() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Builtin(name)
			if err != nil {
				t.Fatal(err)
			}
			if lines := strings.Count(strings.TrimSpace(s.Story), "\n") + 1; lines != 2 {
				t.Errorf("its story has %d lines, not 2", lines)
			}
			if got := s.Clone(); got.Text() != s.Text() {
				t.Errorf("it becomes\n%s", got.Text())
			}
			opts := Options{Feed: func(*Publisher, uint64) (Feed,
				error) {
				return &ticks{n: 500, every: time.Millisecond}, nil
			}}
			for _, file := range s.Files() {
				if Origin(file) == "" {
					t.Errorf("nobody knows where %s comes from", file)
				}
			}
			opts.Open = dataOrMadeUp
			if testing.Short() && (s.subscribers() > 200 || s.Duration.d() > 20*time.Second) {
				t.Skip("it takes seconds")
			}
			if !*wholeCrowds {
				for i := range s.Subscribers {
					s.Subscribers[i].Count = min(s.Subscribers[i].Count, 50)
				}
				for i := range s.Announcers {
					s.Announcers[i].Count = min(s.Announcers[i].Count, 100)
				}
			}
			play(t, s, opts)
		})
	}
}

// subscribers is how many there are.
func (s *Scenario) subscribers() int {
	n := 0
	for i := range s.Subscribers {
		n += s.Subscribers[i].size()
	}
	return n
}

// ticks is a feed of messages at regular times.
type ticks struct {
	n     int
	every time.Duration
	i     int
}

func (f *ticks) Next() (time.Duration, []byte, error) {
	if f.i == f.n {
		return 0, nil, io.EOF
	}
	f.i++
	return time.Duration(f.i-1) * f.every, fmt.Appendf(nil, "tick %d", f.i-1), nil
}

func (f *ticks) Close() error { return nil }

// The same scenario and seed give the same trace; another seed, another one.
func TestTheSameSeedGivesTheSameTrace(t *testing.T) {
	s := parse(t, strings.Replace(base, "{delay: 1ms}",
		"{delay: 1ms..2ms, loss: 5%, duplicate: 1%/1ms, corrupt: 1%}", 1)+
		"events:\n  - {at: 300ms, do: pause, who: [feed, lan-1], for: 100ms}\n  - {at: 600ms, "+
		"do: crash, who: feed, for: 50ms}\n")
	digest := func(seed uint64) string {
		h := sha256.New()
		play(t, s, Options{Seed: seed, Trace: func(line string) { fmt.Fprintln(h, line) }})
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	first := digest(1)
	if again := digest(1); again != first {
		t.Error("two runs with one seed differ")
	}
	if other := digest(2); other == first {
		t.Error("two seeds give one run")
	}
}

// What is published comes at its time, as large as was said, and as many.
func TestProducers(t *testing.T) {
	for _, c := range []struct {
		what       string
		n          int
		first, gap time.Duration
		least      int
		most       int
	}{
		{"rate: 100/s", 90, 100 * time.Millisecond, 10 * time.Millisecond, 200, 200},
		{"rate: 100/s\n    lead: 500ms", 50, 500 * time.Millisecond, 10 * time.Millisecond, 200,
			200},
		{"rate: 100/s\n    at: 200ms\n    size: 10B..20B", 70, 300 * time.Millisecond,
			10 * time.Millisecond, 10, 20},
		{"rate: 3/s\n    messages: 2", 2, 100 * time.Millisecond, 333333333, 200, 200},
		{"rate: 100/s\n    burst: 10\n    messages: 15", 15, 100 * time.Millisecond, 0, 200, 200},
		{"feed: x\n    speed: 2", 5, 100 * time.Millisecond, 50 * time.Millisecond, 6, 6},
	} {
		s := parse(t, strings.Replace(base, "rate: 100/s", c.what, 1))
		var at []reliable.Time
		opts := Options{Feed: func(*Publisher, uint64) (Feed,
			error) {
			return &ticks{n: 5, every: 100 * time.Millisecond}, nil
		}}
		play(t, s, opts, func(r *Run) {
			r.World().Observe(world.Observer{Accepted: func(_ *world.Session, _ uint64,
				payload []byte) {
				if len(payload) < c.least || len(payload) > c.most {
					t.Errorf("%s: a message has %d bytes", c.what, len(payload))
				}
				at = append(at, r.World().Now())
			}})
		})
		if len(at) != c.n || at[0].Sub(0) != c.first || at[1].Sub(at[0]) != c.gap {
			t.Errorf("%s: %d messages from %v on, the second at %v", c.what, len(at), at[0].Sub(0),
				at[1].Sub(0))
		}
	}
}

// Events do what they say, to whom they say.
func TestEvents(t *testing.T) {
	for _, c := range []struct {
		event string
		want  []string // in the trace
	}{
		{"{at: 300ms, do: crash, who: feed}", []string{"0.300000000 crash feed"}},
		{"{at: 300ms, do: crash, who: feed, for: 200ms}",
			[]string{"0.300000000 crash feed", "0.500000000 start feed"}},
		{"{at: 300ms, do: restart, who: feed}",
			[]string{"0.300000000 crash feed", "0.300000000 start feed"}},
		{"{at: 300ms, do: close, who: feed}", []string{"0.300000000 close feed"}},
		{"{at: 300ms, do: leave, who: lan-1}", []string{"0.300000000 leave lan-1"}},
		{"{at: 300ms, do: leave, who: lan-1, for: 100ms}",
			[]string{"0.300000000 leave lan-1", "0.400000000 start lan-1"}},
		{"{at: 300ms, do: forget-groups, who: lan-1, for: 50ms}",
			[]string{"0.300000000 the network forgets the groups of lan-1",
				"0.350000000 the network knows the groups of lan-1"}},
		{"{at: 300ms, do: crash, who: [lan-1, lan-2]}",
			[]string{"0.300000000 crash lan-1", "0.300000000 crash lan-2"}},
		{"{at: 300ms, do: pause, who: lan, for: 50ms}",
			[]string{"0.300000000 pause lan-0", "0.300000000 pause lan-2",
				"0.350000000 resume lan-2"}},
		{"{at: 300ms, do: pause, who: feed, for: 50ms}",
			[]string{"0.300000000 pause feed", "0.350000000 resume feed"}},
		{"{at: 300ms, do: partition, who: lan-1, for: 50ms}",
			[]string{"0.300000000 partition feed <> lan-1", "0.350000000 heal feed <> lan-1"}},
		{"{at: 300ms, do: partition, who: lan-1, from: lan, for: 50ms}",
			[]string{"0.300000000 partition lan-0 <> lan-1", "0.350000000 heal lan-2 <> lan-1"}},
		{"{at: 300ms, do: deafen, who: lan-1, from: lan-2, for: 50ms}",
			[]string{"0.300000000 deafen lan-1 < lan-2", "0.350000000 heal lan-1 < lan-2"}},
		{"{at: 300ms, do: suspend, who: [feed, lan-1], for: 50ms}",
			[]string{"0.300000000 suspend feed", "0.300000000 suspend lan-1",
				"0.350000000 resume feed", "0.350000000 resume lan-1"}},
		{"{at: 300ms, do: mute, who: lan-1, for: 2s}",
			[]string{": partition"}},
		{"{at: 300ms, do: mute, who: lan-1, from: lan-2, for: 50ms}",
			[]string{"0.300000000 deafen lan-2 < lan-1", "0.350000000 heal lan-2 < lan-1"}},
		{"{at: 300ms, every: 100ms, times: 3, do: lose, who: lan-1}",
			[]string{"0.300000000 lose 1: feed > lan-1", "0.500000000 lose 1: feed > lan-1",
				"0.500000000 feed > lan-1 DATA"}},
		{"{at: 300ms, do: link, who: lan-1, down: {loss: 100%}}\n  - {at: 400ms, do: link, " +
			"who: lan-1, down: {}}", []string{": loss"}},
		{"{at: 305ms, do: burst, who: feed, messages: 100, size: 1KiB}",
			[]string{"0.305000000 feed > lan-0 DATA"}},
	} {
		s := parse(t, base+"events:\n  - "+c.event+"\n")
		var trace strings.Builder
		play(t, s, Options{Trace: func(line string) { trace.WriteString(line + "\n") }})
		for _, want := range c.want {
			if !strings.Contains(trace.String(), want) {
				t.Errorf("%s: the trace has no %q", c.event, want)
			}
		}
	}
}

// A segment's loss hits all behind it, and only its own frames are lost.
func TestLoseOnASegment(t *testing.T) {
	s := parse(t, base+`  - name: behind
    count: 4
    segment: port
segments:
  - name: port
events:
  - {at: 300ms, every: 100ms, times: 5, do: lose, who: port, frames: 2}
`)
	missed := 0
	r := play(t, s, Options{}, func(r *Run) {
		r.World().Observe(world.Observer{Dropped: func(d *world.Datagram, c *world.Drop) {
			if c.Reason == link.DropLoss {
				missed++
			}
		}})
	})
	if missed != 10 {
		t.Errorf("%d frames were lost, not 10", missed)
	}
	for _, sub := range r.World().Subscribers() {
		want := uint64(0)
		if r.Group(sub) == 1 {
			want = 10
		}
		if st := sub.Sessions()[0]; st.Recovered != want || st.Lost != 0 {
			t.Errorf("%v recovered %d, not %d, and lost %d", sub, st.Recovered, want, st.Lost)
		}
	}
}
