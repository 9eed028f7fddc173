// Package crash is "crier demo crash": one crash of a producer in mid-burst under several arms:
// nobody helps, the survivors help each other, a recorder stands beside them, and with real
// processes a broker stands between.
package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
)

// Seed is the default seed. In its crash each arm loses less than the one before.
const Seed = 113

// Options are the flags of crier demo crash.
type Options struct {
	Seed   uint64
	Net    string // sim or lo
	JSON   bool
	HTML   string // the file of the page; empty: none
	Broker string // the file of crier-broker; empty: it is looked for
}

// Run plays the crash and prints what became of the messages.
func (o *Options) Run(ctx context.Context, std cli.Streams) (int, error) {
	if err := cli.Closed(std.Out); err != nil {
		return 0, err
	}
	var play func(context.Context, *stage.Script) (*report, error)
	switch o.Net {
	case "sim":
		play = playSim
	case "lo":
		play = func(ctx context.Context, plan *stage.Script) (*report, error) {
			return o.playLo(ctx, plan, std.Err)
		}
	default:
		return 0, cli.Usagef("--net %q is not known: use sim or lo", o.Net)
	}
	r, err := play(ctx, stage.NewScript(o.Seed))
	if err != nil {
		return 0, err
	}
	if o.JSON {
		enc := json.NewEncoder(std.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(r)
	} else {
		_, err = io.WriteString(std.Out, r.text(cli.SheetOf(std.Out)))
	}
	if err != nil {
		return 0, fmt.Errorf("the result can't be written: %w", err)
	}
	if o.HTML == "" {
		return cli.ExitOK, nil
	}
	p, err := r.page()
	if err == nil {
		err = p.WriteFile(o.HTML)
	}
	if err != nil {
		return 0, err
	}
	return cli.ExitOK, nil
}
