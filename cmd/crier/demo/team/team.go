// Package team is "crier demo team": eight workers share the messages of a topic, while one of them
// is slow, one is killed, and one is paused beyond its lease.
package team

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"time"

	"crier/cmd/crier/cli"
	"crier/reliable"
)

const (
	// Seed is the default seed, and Length how long the demo takes.
	Seed   = 1
	Length = 20 * time.Second

	// partitions and customers are of the topic and its keys, rate is in orders a second.
	partitions = 8
	customers  = 40
	rate       = 160
	// work is what an order costs, and slowWork what it costs the slow worker, which falls behind.
	work     = 5 * time.Millisecond
	slowWork = 58 * time.Millisecond
	// slots is the number of lines of the picture.
	slots = 40
)

// names are those of the workers.
var names = []string{"ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"}

// Options are the flags of crier demo team.
type Options struct {
	Seed  uint64
	Share reliable.Share
	JSON  bool
	// Length is how long it takes. The lease is a tenth of it.
	Length time.Duration
}

// script is what is to happen, and when.
type script struct {
	Options
	lease, slot time.Duration
	// slow, killed and paused are workers.
	slow, killed, paused      int
	kill, pause, wake, closed time.Duration
	orders                    []order
}

// newScript makes up what happens.
func newScript(o Options) *script {
	r := rand.New(rand.NewPCG(o.Seed, 8))
	part := func(percent float64) time.Duration {
		return time.Duration(percent / 100 * float64(o.Length))
	}
	s := &script{Options: o, lease: o.Length / 10, slot: o.Length / slots,
		kill: part(20 + 4*r.Float64()), pause: part(38 + 4*r.Float64()), closed: part(70)}
	s.wake = s.pause + 2*s.lease
	who := r.Perm(len(names))
	s.slow, s.killed, s.paused = who[0], who[1], who[2]
	s.orders = makeOrders(r, int(s.closed*rate/time.Second))
	return s
}

// Run plays the demo and prints what became of the orders.
func (o *Options) Run(ctx context.Context, std cli.Streams) (int, error) {
	if err := cli.Closed(std.Out); err != nil {
		return 0, err
	}
	out := std.Out
	if o.JSON {
		out = io.Discard
	}
	sheet := cli.SheetOf(std.Out)
	plan := newScript(*o)
	fmt.Fprint(out, sheet.Fill(plan.intro()))
	// The kernel ends the processes with the thread that started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r, err := play(ctx, plan, &picture{plan: plan, sheet: sheet, out: out})
	if err != nil {
		return 0, err
	}
	if o.JSON {
		enc := json.NewEncoder(std.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(r)
	} else {
		_, err = io.WriteString(out, r.text(plan, sheet))
	}
	if err != nil {
		return 0, fmt.Errorf("the result can't be written: %w", err)
	}
	if !r.kept() {
		return cli.ExitLost, nil
	}
	return cli.ExitOK, nil
}
