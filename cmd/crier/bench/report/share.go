package report

// Share sets the share of the limit that each cell reached: the bytes of its messages relative
// to those of full datagrams on the same network, sent in the best way that it was allowed.
func Share(cells, limits []*Cell) {
	for _, c := range cells {
		if c.Benchmark != Throughput && c.Benchmark != Fanout {
			continue
		}
		best := 0.0
		for _, l := range limits {
			if l.Benchmark == Limits && l.Rate == 0 && l.Net == c.Net &&
				l.RealFrames == c.RealFrames && l.GRO == c.GRO && l.Subscribers == c.Subscribers &&
				(c.Offload || !l.Offload) {
				best = max(best, l.BytesPerSecond)
			}
		}
		if best > 0 {
			c.ShareOfLimit = c.BytesPerSecond / best
		}
	}
}
