package coordinator

import (
	"context"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
)

// measureLimits measures bare UDP multicast on the same network: the highest rate at which no
// receiver loses a datagram, for each way of sending, and the delay for each way of waiting.
func (b *coordinator) measureLimits(ctx context.Context) ([]*report.Cell, error) {
	if !job.HasBare {
		return nil, job.ErrNoBare
	}
	of := *b // with options of its own
	o := *b.o
	o.Kind, o.Drop = report.Limits, 0
	if b.o.Kind != report.Limits {
		o.Sizes, o.Rates, o.Waits = []int{o.mtu() - 28}, []float64{10000}, []string{job.WaitBlock}
		o.Publishers = []int{1}
	}
	of.o, of.cells, of.begun = &o, nil, nil
	for _, size := range o.Sizes {
		for _, subscribers := range o.Subscribers {
			for _, send := range []string{job.SendPlain, job.SendMany, job.SendOffload} {
				if err := of.limitRate(ctx, send, size, subscribers); err != nil {
					return of.measured(), err
				}
			}
		}
	}
	if b.o.Kind != report.Limits { // the others bring the bare latency with them
		return of.cells, nil
	}
	for _, wait := range o.Waits {
		for _, size := range o.Sizes {
			for _, rate := range o.Rates {
				for _, subscribers := range o.Subscribers {
					if wait == job.WaitSpin && subscribers >= len(processors()) {
						continue // they would only keep each other from spinning
					}
					c := of.latencyCell(report.SystemBare, report.WayOne, size, subscribers, wait)
					c.Rate = rate
					r := of.schedule(c)
					r.writer, r.reader = job.RoleBareSender, job.RoleBareReader
					if err := of.repeat(ctx, c, r); err != nil {
						return of.measured(), err
					}
				}
			}
			c := of.latencyCell(report.SystemBare, report.WayTrip, size, 1, wait)
			r := of.exchange(c)
			r.writer, r.reader = job.RoleBarePing, job.RoleBarePong
			for run := range o.Runs {
				of.tell(c, run)
				if err := of.timed(ctx, c, r); err != nil {
					return of.measured(), err
				}
			}
			of.cells = append(of.cells, c)
		}
	}
	return of.cells, nil
}

// limitRate measures one way of sending.
func (b *coordinator) limitRate(ctx context.Context, send string, size, subscribers int) error {
	c := b.cell(report.SystemBare, send, size, subscribers, 1)
	c.Offload = send == job.SendOffload
	r := b.flatOut(c, job.RoleFlooder, job.RoleDrain)
	c.Batch = job.FloodBatch
	if send == job.SendPlain {
		c.Batch = 1
	}
	r.task.Send = send
	return b.repeat(ctx, c, r)
}

// limitsFile reads the limits of an earlier run, if a file was named.
func (o *Options) limitsFile() ([]*report.Cell, error) {
	if o.LimitsFile == "" {
		return nil, nil
	}
	cells, err := report.ReadCells("--limits", o.LimitsFile)
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		if c.Benchmark == report.Limits {
			return cells, nil
		}
	}
	return nil, cli.Usagef("--limits %s holds no limits: make it with crier bench limits --json",
		o.LimitsFile)
}

// earlier reads the run to compare with, if a file was named.
func (o *Options) earlier() ([]*report.Cell, error) {
	if o.Compare == "" {
		return nil, nil
	}
	return report.ReadCells("--compare", o.Compare)
}
