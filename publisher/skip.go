package publisher

// Skip passes over the next n offsets, as if so many messages had been dropped, and returns the
// first of them. Subscribers are told that the publisher dropped them. It never waits. It is for
// those who publish again what they have with its offsets, and lack some. The error is ErrClosed,
// or that n is more than 2^40.
func (p *Publisher) Skip(n uint64) (uint64, error) {
	p.loop.Lock()
	offset, err := p.stream.SkipOffsets(n)
	p.loop.SettleSoon(1)
	return offset, err
}
