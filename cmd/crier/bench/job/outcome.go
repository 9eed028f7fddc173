package job

// Outcome holds the reports of the processes of a round.
type Outcome struct {
	Writers, Readers, Slow     []*Result
	WritersReady, ReadersReady []*Ready
	Sent                       uint64
	Window                     uint64
	Pinned                     bool
}
