package reliable

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// A Counter describes a number that a machine counts. What is said of it in words, in JSON
// and in metrics is made from this.
type Counter struct {
	// Name is the key in JSON and, behind a prefix, the name of a metric.
	Name string
	// Unit is the counted thing, empty for a Flag.
	Unit Unit
	// Help says what is counted, in words that begin with the Unit's, or with "time" for
	// Nanoseconds and "whether" for a Flag.
	Help string
	Kind CounterKind
	Note CounterNote
}

// A Unit is the thing that a Counter counts, in the plural.
type Unit string

// The units.
const (
	Messages    Unit = "messages"
	Offsets     Unit = "offsets"
	Frames      Unit = "frames"
	Ranges      Unit = "ranges"
	Repairs     Unit = "repairs"
	Requests    Unit = "requests"
	NACKs       Unit = "NACKs"
	Reports     Unit = "reports"
	Datagrams   Unit = "datagrams"
	Bytes       Unit = "bytes"
	Calls       Unit = "calls"
	Jobs        Unit = "jobs"
	Gaps        Unit = "gaps"
	Events      Unit = "events"
	Subscribers Unit = "subscribers"
	Sessions    Unit = "sessions"
	Times       Unit = "times"
	Nanoseconds Unit = "nanoseconds"
)

// One returns the unit in the singular.
func (u Unit) One() string { return strings.TrimSuffix(string(u), "s") }

// CounterKind says how a Counter moves.
type CounterKind uint8

const (
	// Grows: it only grows.
	Grows CounterKind = iota
	// Gauge: it says how much there is now.
	Gauge
	// Flag: it is 1 or 0, for yes or no.
	Flag
)

// String returns the kind as Prometheus calls it.
func (k CounterKind) String() string {
	if k == Grows {
		return "counter"
	}
	return "gauge"
}

// CounterNote says when a Counter is worth a line of words.
type CounterNote uint8

const (
	// Quiet: never by itself.
	Quiet CounterNote = iota
	// Told: where it is not 0.
	Told
	// Dropped: where it is not 0, as something that came and was dropped.
	Dropped
)

// A Row is a Counter of an S, with the way to its value.
type Row[S any] struct {
	Counter
	Value func(*S) uint64
}

// A number is the type of a counter's field.
type number interface {
	~uint64 | ~int | ~int64
}

// Count returns the Row of a counter that only grows.
func Count[S any, N number](name string, unit Unit, help string, value func(*S) N) Row[S] {
	return Row[S]{Counter{Name: name, Unit: unit, Help: help},
		func(s *S) uint64 { return uint64(value(s)) }}
}

// Level returns the Row of a Gauge.
func Level[S any, N number](name string, unit Unit, help string, value func(*S) N) Row[S] {
	row := Count(name, unit, help, value)
	row.Kind = Gauge
	return row
}

// Whether returns the Row of a Flag.
func Whether[S any](name, help string, value func(*S) bool) Row[S] {
	return Row[S]{Counter{Name: name, Help: help, Kind: Flag},
		func(s *S) uint64 {
			if value(s) {
				return 1
			}
			return 0
		}}
}

// Told returns the Row as one that is Told.
func (r Row[S]) Told() Row[S] { r.Note = Told; return r }

// Dropped returns the Row as one of what was Dropped.
func (r Row[S]) Dropped() Row[S] { r.Note = Dropped; return r }

// A Table lists the counters of an S.
type Table[S any] []Row[S]

// All returns the counters of s and their values, in the table's order.
func (t Table[S]) All(s *S) iter.Seq2[Counter, uint64] {
	return func(yield func(Counter, uint64) bool) {
		for i := range t {
			if !yield(t[i].Counter, t[i].Value(s)) {
				return
			}
		}
	}
}

// Without returns the table but for the rows with certain names.
func (t Table[S]) Without(names ...string) Table[S] {
	return slices.DeleteFunc(slices.Clone(t),
		func(row Row[S]) bool { return slices.Contains(names, row.Name) })
}

// Within returns the counters of a part of an S.
func Within[S, P any](part func(*S) *P, t Table[P]) Table[S] {
	rows := make(Table[S], len(t))
	for i, row := range t {
		rows[i] = Row[S]{row.Counter, func(s *S) uint64 { return row.Value(part(s)) }}
	}
	return rows
}

// Waits is how often something waited, and for how long in all.
type Waits struct {
	Times uint64
	For   time.Duration
}

// WaitRows returns the rows of Waits: NAME_times and NAME_ns. Help follows "times" and "time".
func WaitRows[S any](name, help string, waits func(*S) *Waits) Table[S] {
	return Table[S]{
		Count(name+"_times", Times, "times "+help, func(s *S) uint64 { return waits(s).Times }),
		Count(name+"_ns", Nanoseconds, "time "+help,
			func(s *S) time.Duration { return waits(s).For }).Told(),
	}
}
