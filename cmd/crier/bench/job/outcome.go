package job

// Outcome is what the processes of a round reported.
type Outcome struct {
	Writers, Readers, Slow     []*Result
	WritersReady, ReadersReady []*Ready
	Sent                       uint64
	Window                     uint64
	Pinned                     bool
}
