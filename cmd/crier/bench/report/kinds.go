package report

// The benchmarks.
const (
	Throughput = "throughput"
	Latency    = "latency"
	Recovery   = "recovery"
	Fanout     = "fanout"
	Limits     = "limits"
	Overload   = "overload"
	Spilling   = "spill"
	Recording  = "record"
	History    = "history"
	Partitions = "partitions"
	Keys       = "keys"
	Feeds      = "feeds"
	Teams      = "teams"
)

// InTurns reports whether a benchmark holds runs against others that take turns with them.
func InTurns(kind string) bool {
	switch kind {
	case Overload, Recording, History, Partitions, Keys, Feeds, Teams:
		return true
	}
	return false
}

// MayBeFlat reports whether a benchmark may send as fast as its subscribers take it.
func MayBeFlat(kind string) bool {
	return InTurns(kind) || kind == Fanout || kind == Throughput || kind == Spilling
}
