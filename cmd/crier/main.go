// Command crier sends, receives and tries out messages over UDP multicast: see
// "crier help".
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"crier/cmd/crier/bench"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo"
	"crier/cmd/crier/pub"
	"crier/cmd/crier/sim"
	"crier/cmd/crier/sub"
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
	os.Exit(crier().Run(ctx, os.Args[1:], cli.Standard()))
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

// crier returns the whole tool.
func crier() *cli.Tool {
	return &cli.Tool{
		About: `crier: brokerless direct messaging over UDP multicast

Whoever publishes shouts once to all; whoever missed something asks for it; the
publisher repeats what it still holds. What it no longer holds, or takes with it
when it dies, is named as lost.

`,
		Commands: []*cli.Command{demo.Command(), pub.Command(), sub.Command(), sim.Command(),
			bench.Command(), bench.Worker()},
		Notes: `
Examples:

  # everything at once: loss, repair, and a producer that dies
  crier demo

  # in one terminal
  crier sub --until-end

  # in another
  seq 10 | crier pub --from -

Exit codes: 0 the end was seen and nothing is missing; 3 something is missing, or may
be, since the end was not seen; 2 wrong usage; 1 anything else.
`,
	}
}
