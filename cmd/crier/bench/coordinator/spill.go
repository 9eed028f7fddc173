package coordinator

import (
	"context"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
)

// spill measures the cost of a backlog on disk: the rate and times of healthy subscribers
// before another one falls behind, while its backlog goes to disk, while that comes back, and
// after.
func (b *coordinator) spill(ctx context.Context) error {
	return b.each(ctx, b.spilled)
}

// spilled measures one combination; its phases are cells.
func (b *coordinator) spilled(ctx context.Context, size, subscribers int, rate float64) error {
	disk := spillDisk(b.o.Backlog+int64(b.o.ResendBuffer), size)
	free, err := freeBytes(b.o.DiskDir)
	if err != nil {
		return cli.Usagef("--disk-dir %s can't be used (%v): name a directory on the disk to "+
			"be measured", b.o.DiskDir, cli.BareError(err))
	}
	if free < disk+spareDisk {
		return cli.Usagef("--disk-dir %s has %s free, and this takes up to %s, with %s to "+
			"spare: name another, or give --backlog less",
			b.o.DiskDir, cli.Bytes(free), cli.Bytes(disk), cli.Bytes(spareDisk))
	}
	var cells [job.Phases]*report.Cell
	for i := job.PhaseBefore; i < job.Phases; i++ {
		cells[i] = b.cell(report.SystemCrier, job.PhaseNames[i], size, subscribers, 1)
		cells[i].Rate = rate
	}
	r := b.flatOut(cells[job.PhaseBefore], job.RoleSpiller, job.RoleSubscriber)
	r.slow = 1
	r.task.Pressure = job.Pressure{
		Work: b.o.Work, Overload: "block", Buffer: b.o.Buffer, ResendBuffer: b.o.ResendBuffer,
		Backlog: b.o.Backlog, Disk: disk, DiskDir: b.o.DiskDir,
		RepairFloor: b.o.RepairFloor, Patience: b.o.Patience,
	}
	r.sends = job.SpillLongest(&r.task)
	for run := range b.o.Runs {
		b.tell(cells[job.PhaseBefore], run)
		out, err := b.play(ctx, r)
		if err != nil {
			return err
		}
		b.env.Granted(out)
		for i := job.PhaseBefore; i < job.Phases; i++ {
			cells[i].AddPhase(out, i)
			b.note(cells[i])
		}
	}
	for _, c := range cells[job.PhaseBefore+1:] {
		hold(c, cells[job.PhaseBefore])
	}
	b.cells = append(b.cells, cells[job.PhaseBefore:]...)
	return nil
}

const (
	// spareDisk is the free space that a disk must keep.
	spareDisk = 1 << 30
	// spillFrame is the approximate size on disk of a frame of a full datagram.
	spillFrame = 1500
)

// spillDisk returns the space on disk that a backlog may take, in bytes: a frame or several
// for each message, and as much again for messages that are published while it drains.
func spillDisk(backlog int64, size int) int64 {
	return 2 * (backlog/int64(size) + 1) * int64((size+1399)/1400) * spillFrame
}
