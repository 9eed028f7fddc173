// Package worker is a process of a benchmark. It plays one role, as a coordinator tells it,
// and reports its results.
package worker

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/multicast"
)

// worker is this process's side of the conversation.
type worker struct {
	*job.Conn
	task    *job.Task
	orders  chan *job.Message
	ended   chan struct{} // closed when the coordinator has gone
	network multicast.Network
	log     *slog.Logger
	peer    Peer // crier itself, or another system
}

// Run plays the role that the coordinator at the other end of in and out asks for, and returns
// when that has gone. It takes a process of its own.
func Run(in io.Reader, out io.Writer, log *slog.Logger) error {
	w := newWorker(in, out, log)
	w.peer = crier{w}
	return w.run()
}

// RunPeer is Run for a program of another system, which plays the roles of teams only.
func RunPeer(in io.Reader, out io.Writer, peer Peer) error {
	w := newWorker(in, out, slog.New(slog.DiscardHandler))
	w.peer = peer
	return w.run()
}

func newWorker(in io.Reader, out io.Writer, log *slog.Logger) *worker {
	return &worker{Conn: job.NewConn(in, out), orders: make(chan *job.Message, 1),
		ended: make(chan struct{}), log: log}
}

func (w *worker) run() error {
	m, err := w.Hear()
	if err != nil || m.Task == nil {
		return errors.New("this command is for crier bench, which starts it; run that")
	}
	w.task = m.Task
	go w.listen()
	if err := w.work(); err != nil {
		return w.Say(&job.Message{Step: job.StepFailed, Error: err.Error()})
	}
	<-w.ended // the coordinator ends the process
	return nil
}

// listen passes on the coordinator's messages, and ends the process once that has gone.
func (w *worker) listen() {
	for {
		m, err := w.Hear()
		if err != nil {
			close(w.ended)
			time.Sleep(time.Second) // for a worker that is done
			os.Exit(1)
		}
		w.orders <- m
	}
}

// await waits for an order.
func (w *worker) await(step string) (*job.Message, error) {
	select {
	case m := <-w.orders:
		if m.Step != step {
			return nil, fmt.Errorf("the coordinator said %q, not %q", m.Step, step)
		}
		return m, nil
	case <-w.ended:
		return nil, errors.New("the coordinator has gone")
	}
}

// told returns a function that reports whether the coordinator has said a step, and no other.
func (w *worker) told(step string) func() bool {
	return func() bool {
		select {
		case m := <-w.orders:
			return m.Step == step
		case <-w.ended:
			return true
		default:
			return false
		}
	}
}

// ready reports that everything is open, and waits for the order to begin.
func (w *worker) ready(r *job.Ready) error {
	if err := w.Say(&job.Message{Step: job.StepReady, Ready: r}); err != nil {
		return err
	}
	_, err := w.await(job.StepGo)
	return err
}

// sent reports the number of messages that went out, and waits for the order to end.
func (w *worker) sent(n uint64) error {
	if err := w.Say(&job.Message{Step: job.StepSent, Counts: []uint64{n}}); err != nil {
		return err
	}
	_, err := w.await(job.StepEnd)
	return err
}

func (w *worker) result(r *job.Result) error {
	return w.Say(&job.Message{Step: job.StepResult, Result: r})
}

// work plays the task's role.
func (w *worker) work() error {
	var err error
	if w.network, err = w.task.Network(); err != nil {
		return err
	}
	roles := map[string]func(*worker) error{
		job.RolePublisher: publish, job.RoleSubscriber: subscribe,
		job.RoleSlow: slow, job.RoleSpiller: spill,
		job.RoleAside: aside, job.RoleRecorder: record, job.RoleSurvivor: survive,
		job.RoleLead: lead, job.RoleMember: share, job.RoleMover: move, job.RoleServer: serve,
		job.RolePing: ping, job.RolePong: pong,
		job.RoleBareSender: bareSend, job.RoleBareReader: bareRead,
		job.RoleBarePing: barePing, job.RoleBarePong: barePong,
		job.RoleFlooder: flood, job.RoleDrain: drain,
		job.RoleTCPSender: tcpSend, job.RoleTCPReader: tcpRead,
	}
	do := roles[w.task.Role]
	if do == nil {
		return fmt.Errorf("there is no role %q", w.task.Role)
	}
	return do(w)
}
