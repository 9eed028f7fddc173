//go:build !linux || crier_plain

package multicast

import (
	"log/slog"
	"net"
	"sync"
	"time"
)

// pollInterval is how often an interface is examined. A shorter flap may go unnoticed.
const pollInterval = time.Second

// watch tells a follower of changes of its interface, which it polls.
type watch struct {
	stop, done chan struct{}
	once       sync.Once
}

func openWatch(bool, *slog.Logger) (*watch, error) { return &watch{stop: make(chan struct{})}, nil }

func (w *watch) start(f *follower) {
	f.begin()
	w.done = make(chan struct{})
	go func() {
		defer close(w.done)
		tick := time.NewTicker(pollInterval)
		defer tick.Stop()
		f.settle()
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
				f.observe(lookAt(f.name, f.index))
				f.retry()
				if f.home != nil {
					listAddrs(f.name, f.home)
				}
				f.settle()
			}
		}
	}()
}

// lookAt returns the state of an interface; one that is not found is gone.
func lookAt(name string, index int) link {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return link{name: name, index: index, gone: true}
	}
	return link{name: name, index: ifi.Index, mtu: ifi.MTU, up: running(ifi.Flags)}
}

// listAddrs gives a home the addresses of its interface. Whether duplicate address
// detection is over is not known here.
func listAddrs(name string, h *home) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return
	}
	h.relist()
	for _, a := range interfaceAddrs(ifi) {
		h.observe(ifAddr{addr: a, index: ifi.Index, ready: true})
	}
	h.listed = true
}

func (w *watch) close() {
	w.once.Do(func() { close(w.stop) })
	if w.done != nil {
		<-w.done
	}
}
