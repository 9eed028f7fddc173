// Command crier sends, receives and tries out messages over UDP multicast: see
// "crier help".
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/commands"
)

func main() {
	// A standard output that was closed is an error to report, not a silent end.
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup goes on
		signal.Notify(interrupts, syscall.SIGHUP)
	}
	go interrupt(interrupts, cancel, func() { signal.Stop(interrupts) })
	os.Exit(commands.Tool().Run(ctx, os.Args[1:], cli.Standard()))
}

// secondInterrupt is how long after an interrupt another one is taken for the same:
// timeout(1), for instance, sends one to its command, and then one to all of its group.
const secondInterrupt = 500 * time.Millisecond

// interrupt calls cancel at the first interrupt, and later release, after which the next
// one ends the process at once.
func interrupt(interrupts <-chan os.Signal, cancel, release func()) {
	<-interrupts
	cancel()
	time.Sleep(secondInterrupt)
	release()
}
