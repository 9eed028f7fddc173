// Command crier-broker is the broker's part of "crier demo crash --net lo": a JetStream server on
// disk, and a producer and subscribers that use its client library. It is a program of its own, so
// that crier carries no broker. Each of its processes serves on, or connects to, 127.0.0.1 only,
// and ends when its standard input does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"crier/cmd/crier/bench/job"
)

// tasks are the words that it takes.
var tasks = map[string]func(*flag.FlagSet) func(context.Context) error{
	"serve": serve, "pub": publish, "sub": subscribe, "kept": kept,
	job.WorkerCommand: benchmark,
}

func main() {
	if len(os.Args) < 2 || tasks[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: crier-broker serve|pub|sub|kept [flags]; "+
			"crier demo crash --net lo starts it")
		os.Exit(2)
	}
	flags := flag.NewFlagSet("crier-broker "+os.Args[1], flag.ExitOnError)
	task := tasks[os.Args[1]](flags)
	flags.Parse(os.Args[2:])
	if err := task(context.Background()); err != nil {
		fmt.Fprintf(os.Stderr, "crier-broker %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// released returns when standard input has ended: whoever started the process is done with it,
// or gone.
func released() { io.Copy(io.Discard, os.Stdin) }
