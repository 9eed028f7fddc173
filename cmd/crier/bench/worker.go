package bench

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"crier/multicast"
	"crier/testnet"
)

// WorkerCommand is the name of the hidden command that runs Work.
const WorkerCommand = "bench-worker"

// worker is this process's side of the conversation.
type worker struct {
	*lines
	task    *Task
	orders  chan *message
	ended   chan struct{} // closed when the coordinator has gone
	network multicast.Network
	log     *slog.Logger
}

// Work does what the coordinator at the other end of in and out asks for, and
// returns when that has gone, or all is done. It is made for a process of its
// own.
func Work(in io.Reader, out io.Writer, log *slog.Logger) error {
	w := &worker{lines: newLines(in, out), orders: make(chan *message, 1), ended: make(chan struct{}), log: log}
	m, err := w.hear()
	if err != nil || m.Task == nil {
		return errors.New("this command is for crier bench, which starts it; run that")
	}
	w.task = m.Task
	go w.listen()
	if err := w.work(); err != nil {
		return w.say(&message{Step: stepFailed, Error: err.Error()})
	}
	<-w.ended // it is the coordinator who ends this
	return nil
}

// listen hands on what the coordinator says. When that has gone, whatever is
// going on here is for nobody.
func (w *worker) listen() {
	for {
		m, err := w.hear()
		if err != nil {
			close(w.ended)
			time.Sleep(time.Second) // for a worker that is done
			os.Exit(1)
		}
		w.orders <- m
	}
}

// await waits for an order.
func (w *worker) await(step string) (*message, error) {
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

// ready says that all is open, and waits for the order to begin.
func (w *worker) ready(r *Ready) error {
	if err := w.say(&message{Step: stepReady, Ready: r}); err != nil {
		return err
	}
	_, err := w.await(stepGo)
	return err
}

// sent says how many messages went out, and waits for the order to end.
func (w *worker) sent(n uint64) error {
	if err := w.say(&message{Step: stepSent, Counts: []uint64{n}}); err != nil {
		return err
	}
	_, err := w.await(stepEnd)
	return err
}

func (w *worker) result(r *Result) error { return w.say(&message{Step: stepResult, Result: r}) }

// work plays the task's role.
func (w *worker) work() error {
	var err error
	if w.network, err = w.task.network(); err != nil {
		return err
	}
	roles := map[string]func() error{
		rolePublisher: w.publish, roleSubscriber: w.subscribe,
		roleSlow: w.slow, roleSpiller: w.spill,
		rolePing: w.ping, rolePong: w.pong,
		roleBareSender: w.bareSend, roleBareReader: w.bareRead,
		roleBarePing: w.barePing, roleBarePong: w.barePong,
		roleFlooder: w.flood, roleDrain: w.drain,
		roleTCPSender: w.tcpSend, roleTCPReader: w.tcpRead,
	}
	do := roles[w.task.Role]
	if do == nil {
		return fmt.Errorf("there is no role %q", w.task.Role)
	}
	return do()
}

// network is the kernel's, with the loss that the task asks for.
func (t *Task) network() (multicast.Network, error) {
	if t.Drop == 0 || t.Role == rolePublisher { // requests are lost nowhere
		return multicast.Kernel, nil
	}
	return testnet.Impair(multicast.Kernel, testnet.LinkConfig{Loss: testnet.Bernoulli{P: t.Drop}}, t.Seed)
}

// waits returns how a publisher of this task waits, and how a subscriber.
func (t *Task) waits() (publisher, subscriber multicast.Wait, err error) {
	switch t.Wait {
	case waitSpin:
		return multicast.WaitBlock, multicast.WaitSpin, nil
	case waitBoth:
		return multicast.WaitSpin, multicast.WaitSpin, nil
	}
	wait, err := multicast.ParseWait(t.Wait)
	return wait, wait, err
}

// group is the multicast address that messages go to.
func (t *Task) group() (netip.AddrPort, error) { return multicast.ParseGroup(t.Group) }

// back is the one that answers go to.
func (t *Task) back() (netip.AddrPort, error) { return multicast.ParseGroup(t.Back) }
