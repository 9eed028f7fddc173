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
)
