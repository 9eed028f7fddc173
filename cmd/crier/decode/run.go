package decode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
)

// datagrams is where frames come from: a capture, or hexadecimal text.
type datagrams interface {
	// Next returns the next datagram, or io.EOF at the end.
	Next() (feed.Datagram, error)
	// LeftOut counts the packets that are no whole UDP datagrams, by cause.
	LeftOut() []feed.Count
	Packets() uint64
	Name() string
	Close() error
}

// open opens the input.
func (o *options) open(ctx context.Context, std cli.Streams) (datagrams, error) {
	if o.format == "hex" {
		return openHex(o.from, std.In, ctx.Done())
	}
	return feed.OpenDatagrams(o.from, std.In, ctx.Done())
}

func (o *options) run(ctx context.Context, std cli.Streams) (code int, err error) {
	in, err := o.open(ctx, std)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	out := cli.NewOutput(std.Out, cancel)
	sum := newTally()
	err = o.copy(inner, in, out, sum)
	if closing := out.Close(inner); closing != nil {
		return 0, closing
	}
	if !o.quiet {
		for _, line := range sum.text(in) {
			fmt.Fprintf(std.Err, "%s\n", line)
		}
	}
	switch {
	case err == errCount:
		return cli.ExitOK, nil
	case ctx.Err() != nil:
		return 0, fmt.Errorf("interrupted after packet %d of %s", in.Packets(), in.Name())
	case err != io.EOF:
		return 0, err
	case sum.complete(in):
		return cli.ExitOK, nil
	}
	return cli.ExitLost, nil
}

// errCount ends a run that has printed as many frames as it was to.
var errCount = errors.New("the count is reached")

// copy prints the frames until an error, which is io.EOF at the end of the input.
func (o *options) copy(ctx context.Context, in datagrams, out *cli.Output, sum *tally) error {
	var d decoder
	for ctx.Err() == nil {
		g, err := in.Next()
		if err != nil {
			return err
		}
		frames, err := d.datagram(g, func(e *entry) error {
			sum.count(e)
			if !o.filter.passes(e) {
				return nil
			}
			sum.shown++
			text, err := o.render(e)
			if err != nil {
				return err
			}
			err = out.Add(ctx, func(b []byte) []byte { return append(b, text...) })
			if err == nil && sum.shown == o.count {
				return errCount
			}
			return err
		})
		if err != nil {
			return err
		}
		sum.datagram(frames, g)
	}
	return ctx.Err()
}

// render returns an entry as it is printed.
func (o *options) render(e *entry) ([]byte, error) {
	if !o.json {
		return []byte(e.text(o.hex)), nil
	}
	line, err := json.Marshal(e.json(o.hex))
	return append(line, '\n'), err
}
