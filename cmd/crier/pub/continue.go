package pub

import (
	"fmt"
	"net/netip"

	"crier/cmd/crier/cli"
	"crier/publisher"
	"crier/reliable/topic"
)

// declareContinue declares the flags of a publisher that starts again.
func (o *options) declareContinue(flags *cli.FlagSet) {
	flags.TextVar(&o.cfg.Continue, "continue", o.cfg.Continue,
		"go on with the offsets of the last session of --name, whose end recorders, subscribers "+
			"and the own log tell, by `WORD`: always, which fails where nobody knows it, or "+
			"or-new, which begins a new stream then")
	flags.Lookup("continue").NoOptDefVal = publisher.ContinueAlways.String()
	cli.Offer(flags, "continue", cli.Words("always", "or-new"))
	flags.StringSliceVar(&o.recorders, "recorders", nil,
		"with --continue or --recorded: only the recorders at these `ADDRESSES` are believed, "+
			"parted by commas")
}

// validateContinue checks those flags beyond their types.
func (o *options) validateContinue() error {
	cfg := &o.cfg
	goesOn := cfg.Continue != publisher.ContinueNever
	switch {
	case goesOn && cfg.Name == "":
		return cli.Usagef("--continue needs --name: a stream goes on under its publisher's name")
	case !goesOn && o.record.recorded.Recorders == 0 && len(o.recorders) > 0:
		return cli.Usagef("--recorders has no meaning without --continue or --recorded")
	}
	cfg.Recorders = nil
	for _, text := range o.recorders {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return cli.Usagef("--recorders %q is not an address: give addresses such as "+
				"192.0.2.7, without a port", text)
		}
		cfg.Recorders = append(cfg.Recorders, a.Unmap())
	}
	return nil
}

// continuing tells where the stream goes on, if it does.
func continuing(p *publisher.Publisher) string {
	prev := p.Previous()
	for i := range uint32(topic.MaxPartitions) {
		if one := p.PreviousIn(i); i > 0 && one.Session != 0 {
			return fmt.Sprintf("crier pub: it goes on where session %v ended, each partition at "+
				"its own end\n", one.Session)
		}
	}
	if prev == (publisher.Previous{}) {
		return ""
	}
	return fmt.Sprintf("crier pub: it goes on with offset %s, where session %v ended\n",
		cli.Grouped(prev.Offset), prev.Session)
}
