package scenario

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"crier/testnet/link"
)

// records are the recorded traces that a scenario's links replay, each read once.
type records struct {
	open    func(name string) (io.ReadCloser, error)
	bits    map[string][]bool
	delays  map[string][]time.Duration
	noise   map[string][]int16
	rutgers map[string][]link.RutgersLink
}

func newRecords(open func(string) (io.ReadCloser, error)) *records {
	return &records{open, map[string][]bool{}, map[string][]time.Duration{}, map[string][]int16{},
		map[string][]link.RutgersLink{}}
}

// read returns a record, from the cache if it was read before.
func read[T any](r *records, cache map[string]T, name string, parse func(io.Reader) (T, error)) (T,
	error) {
	if v, ok := cache[name]; ok {
		return v, nil
	}
	var none T
	if r.open == nil {
		return none, fmt.Errorf("%s: recorded traces can't be opened here", name)
	}
	f, err := r.open(name)
	if err != nil {
		return none, err
	}
	defer f.Close()
	v, err := parse(f)
	if err != nil {
		return none, fmt.Errorf("%s: %w", name, err)
	}
	cache[name] = v
	return v, nil
}

// link returns a link's configuration, for the i-th of n members of a group.
func (r *records) link(l *Link, i, n int) (link.Config, error) {
	cfg, err := l.config()
	if err != nil {
		return cfg, errors.New(bare(err))
	}
	var loss link.Loss
	switch {
	case l.Lost != "":
		bits, err := read(r, r.bits, l.Lost, link.ReadBits)
		if err != nil {
			return cfg, err
		}
		loss = link.TraceLoss{Lost: bits, Loop: true, Interval: l.Every.d()}
	case l.Noise != "":
		noise, err := read(r, r.noise, l.Noise, link.ReadNoise)
		if err != nil {
			return cfg, err
		}
		loss = link.NoiseLoss{Noise: noise, Interval: l.Every.d(), Threshold: l.Threshold.of(i, n),
			Loop: true}
	case l.Rutgers != "":
		rows, err := read(r, r.rutgers, l.Rutgers, link.ReadRutgers)
		if err != nil {
			return cfg, err
		}
		row, err := rutgersRow(rows, l, i)
		if err != nil {
			return cfg, err
		}
		loss = link.TraceLoss{Lost: row.Lost, Loop: true, Interval: l.Every.d()}
	}
	if l.Delays != "" {
		delays, err := read(r, r.delays, l.Delays, link.ReadDelays)
		if err != nil {
			return cfg, err
		}
		cfg.Delay = link.TraceDelay{Delays: delays, Loop: true, Interval: l.Every.d()}
	}
	switch {
	case loss != nil && cfg.Loss != nil:
		cfg.Loss = link.AnyLoss{loss, cfg.Loss}
	case loss != nil:
		cfg.Loss = loss
	}
	return cfg, nil
}

// rutgersRow is the record of the i-th receiver that heard a sender at a noise.
func rutgersRow(rows []link.RutgersLink, l *Link, i int) (*link.RutgersLink, error) {
	var senders []string
	n := 0
	for k := range rows {
		row := &rows[k]
		if row.Noise != l.NoiseDBM {
			continue
		}
		if !slices.Contains(senders, row.Sender) {
			senders = append(senders, row.Sender)
		}
		if row.Sender == l.Sender {
			if n == i {
				return row, nil
			}
			n++
		}
	}
	if n > 0 {
		return nil, fmt.Errorf("%s has %d receivers of sender %s at %d dBm: the group may have "+
			"no more members", l.Rutgers, n, l.Sender, l.NoiseDBM)
	}
	return nil, fmt.Errorf("%s has no sender %s at %d dBm; there are %v", l.Rutgers, l.Sender,
		l.NoiseDBM, senders)
}
