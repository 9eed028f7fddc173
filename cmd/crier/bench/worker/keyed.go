package worker

import (
	"context"

	"crier/cmd/crier/bench/job"
	"crier/publisher"
	"crier/reliable"
)

// keyed hands messages over one by one, with keys and headers.
type keyed struct {
	p       *publisher.Publisher
	keys    [][]byte
	headers []reliable.Header
	sent    int
}

func newKeyed(s *job.Shape, p *publisher.Publisher) *keyed {
	return &keyed{p: p, keys: s.Keys(), headers: s.Headers()}
}

// send hands a batch over.
func (k *keyed) send(batch [][]byte) error {
	m := publisher.Message{Headers: k.headers}
	for _, m.Payload = range batch {
		if k.keys != nil {
			m.Key = k.keys[k.sent&(len(k.keys)-1)]
			k.sent++
		}
		if _, err := k.p.Send(context.Background(), m); err != nil && err != publisher.ErrDropped {
			return err
		}
	}
	return nil
}
