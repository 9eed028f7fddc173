package publisher

// Skip passes over the next n offsets, as if so many messages had been dropped, and returns the
// first of them. Subscribers are told that the publisher dropped them. It never waits. It is for
// those who publish again what they have with its offsets, and lack some. The error is ErrClosed,
// or that n is more than 2^40.
func (p *Publisher) Skip(n uint64) (uint64, error) {
	return p.SkipIn(0, n)
}

// SkipIn is Skip for a partition.
func (p *Publisher) SkipIn(partition uint32, n uint64) (uint64, error) {
	if int(partition) >= len(p.lanes.list) {
		return 0, &PartitionError{Partition: partition, Partitions: len(p.lanes.list)}
	}
	p.loop.Lock()
	offset, err := p.lanes.list[partition].stream.SkipOffsets(n)
	p.loop.SettleSoon(1)
	return offset, err
}
