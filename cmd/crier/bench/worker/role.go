package worker

import "crier/cmd/crier/bench/job"

// send plays a role that sends. run sends all messages and returns their number. Usage is
// measured until the coordinator has the results of all readers, so that repairs are
// included. into adds the role's own figures to the result.
func (w *worker) send(ready *job.Ready, run func() (sent uint64, err error),
	into func(*job.Result)) error {
	if err := w.ready(ready); err != nil {
		return err
	}
	used := startUsage()
	sent, err := run()
	if err != nil {
		return err
	}
	if err := w.sent(sent); err != nil {
		return err
	}
	r := new(job.Result)
	used.into(r)
	into(r)
	return w.result(r)
}

// receiver is the part of its own of a role that receives.
type receiver struct {
	// ready is sent to the coordinator.
	ready *job.Ready
	// run receives on a goroutine of its own until stop is called, and then returns nil. It
	// is nil where a Handler receives.
	run func() error
	// arrived waits until all messages have come, or no more come; counts are the messages
	// that were sent, by publisher. It is nil where nothing can be under way.
	arrived func(counts []uint64) error
	// stop ends run.
	stop func() error
	// into adds the received messages to the result, once nothing more comes.
	into func(r *job.Result, counts []uint64)
}

// receive plays a role that receives.
func (w *worker) receive(by receiver) error {
	ended := make(chan error, 1)
	if by.run == nil {
		ended <- nil
	} else {
		go func() { ended <- by.run() }()
	}
	if err := w.ready(by.ready); err != nil {
		return err
	}
	used := startUsage()
	m, err := w.await(job.StepFinish)
	if err != nil {
		return err
	}
	if by.arrived != nil {
		if err := by.arrived(m.Counts); err != nil {
			return err
		}
	}
	r := new(job.Result)
	used.into(r)
	if by.stop != nil {
		if err := by.stop(); err != nil {
			return err
		}
	}
	if err := <-ended; err != nil {
		return err
	}
	by.into(r, m.Counts)
	return w.result(r)
}
