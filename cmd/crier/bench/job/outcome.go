package job

// Outcome holds the reports of the processes of a round.
type Outcome struct {
	Writers, Readers, Slow     []*Result
	Brokers                    []*Result // between them; none at crier
	WritersReady, ReadersReady []*Ready
	Sent                       uint64
	Window                     uint64
	Pinned                     bool
	Shared                     bool // by the readers, each message among them
}
