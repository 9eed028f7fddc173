package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
)

// measureLimits measures what the kernel does with bare UDP multicast on the
// same network: datagrams as fast as no receiver loses any, by each way of
// sending; and how late they come, by each way of waiting.
func (b *bench) measureLimits(ctx context.Context) ([]*Cell, error) {
	if !hasBare {
		return nil, errNoBare
	}
	of := *b // with options of its own
	o := *b.o
	o.Kind, o.Drop = Limits, 0
	if b.o.Kind != Limits {
		o.Sizes, o.Rates, o.Waits = []int{o.mtu() - 28}, []float64{10000}, []string{waitBlock}
		o.Publishers = []int{1}
	}
	of.o, of.cells = &o, nil
	defer func() { b.topology, b.rounds = of.topology, of.rounds }() // they are ours to close
	for _, size := range o.Sizes {
		for _, subscribers := range o.Subscribers {
			for _, send := range []string{sendPlain, sendMany, sendOffload} {
				if err := of.limitRate(ctx, send, size, subscribers); err != nil {
					return nil, err
				}
			}
		}
	}
	if b.o.Kind != Limits { // the others bring the bare latency with them
		return of.cells, nil
	}
	for _, wait := range o.Waits {
		for _, size := range o.Sizes {
			for _, rate := range o.Rates {
				for _, subscribers := range o.Subscribers {
					if wait == waitSpin && subscribers >= len(processors()) {
						continue // they would only keep each other from spinning
					}
					c := of.latencyCell(systemBare, wayOne, size, subscribers, wait)
					c.Rate = rate
					r := of.schedule(c)
					r.writer, r.reader = roleBareSender, roleBareReader
					if err := of.repeat(ctx, c, r); err != nil {
						return nil, err
					}
				}
			}
			c := of.latencyCell(systemBare, wayTrip, size, 1, wait)
			r := of.exchange(c)
			r.writer, r.reader = roleBarePing, roleBarePong
			for run := range o.Runs {
				of.tell(c, run)
				if err := of.timed(ctx, c, r); err != nil {
					return nil, err
				}
			}
			of.cells = append(of.cells, c)
		}
	}
	return of.cells, nil
}

// limitRate measures one way of sending.
func (b *bench) limitRate(ctx context.Context, send string, size, subscribers int) error {
	c := b.cell(systemBare, send, size, subscribers, 1)
	c.Offload = send == sendOffload
	r := b.flatOut(c, roleFlooder, roleDrain)
	c.Batch = floodBatch
	if send == sendPlain {
		c.Batch = 1
	}
	r.task.Send = send
	return b.repeat(ctx, c, r)
}

// share says which part of the limit each cell reached: the bytes of its
// messages against those of full datagrams on the same network, sent in the best
// way that the cell was allowed.
func share(cells, limits []*Cell) {
	for _, c := range cells {
		if c.Benchmark != Throughput && c.Benchmark != Fanout {
			continue
		}
		best := 0.0
		for _, l := range limits {
			if l.Benchmark == Limits && l.Rate == 0 && l.Net == c.Net && l.RealFrames == c.RealFrames && l.GRO == c.GRO && l.Subscribers == c.Subscribers &&
				(c.Offload || !l.Offload) {
				best = max(best, l.BytesPerSecond)
			}
		}
		if best > 0 {
			c.ShareOfLimit = c.BytesPerSecond / best
		}
	}
}

// limitsFile reads the limits of an earlier run, if a file was named.
func (o *Options) limitsFile() ([]*Cell, error) {
	if o.LimitsFile == "" {
		return nil, nil
	}
	cells, err := readCells("--limits", o.LimitsFile)
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		if c.Benchmark == Limits {
			return cells, nil
		}
	}
	return nil, usagef("--limits %s holds no limits: make it with crier bench limits --json", o.LimitsFile)
}

// earlier reads the run to compare with, if a file was named.
func (o *Options) earlier() ([]*Cell, error) {
	if o.Compare == "" {
		return nil, nil
	}
	return readCells("--compare", o.Compare)
}

// readCells reads what --json wrote.
func readCells(flag, path string) ([]*Cell, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usagef("%s %s can't be read (%v): name what an earlier run wrote with --json", flag, path, plainError(err))
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	var cells []*Cell
	for {
		c := new(Cell)
		err := dec.Decode(c)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || c.Benchmark == "" || len(c.Each) == 0 {
			return nil, usagef("%s %s is not what crier bench --json wrote: its object %d is none of its cells", flag, path, len(cells)+1)
		}
		cells = append(cells, c)
	}
	if len(cells) == 0 {
		return nil, usagef("%s %s is empty: name what an earlier run wrote with --json", flag, path)
	}
	return cells, nil
}

// plainError leaves out the path that the sentence has already.
func plainError(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// errNoBare is what other systems answer.
var errNoBare = errors.New("bare sockets are measured on Linux only")
