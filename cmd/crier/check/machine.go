package check

import (
	"fmt"
	"slices"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

// Processors asks whether the process may use enough of the machine.
func Processors(f *host.Facts, q Question) Check {
	const name = "processors"
	if f.Machine == nil {
		return Check{Name: name, State: Unknown, Evidence: "not read"}
	}
	if f.Machine.Processors.Err != nil {
		return unknown(name, f.Machine.Processors.Err)
	}
	p := f.Machine.Processors.Value
	const memory = 256 << 20 // resend buffer, receive buffers and windows, with room for Go
	switch {
	case p.Share > 0 && p.Share < 1:
		return note(name, "give the control group one processor: cpu.max 100000 100000",
			"the control group gets %.2g of one, and stands still for the rest of the time",
			p.Share)
	case p.Share > 0 && float64(p.Threads) > p.Share+1:
		return note(name, fmt.Sprintf("GOMAXPROCS=%d", int(p.Share+0.5)),
			"Go uses %d at once, and the control group gets %.2g", p.Threads, p.Share)
	case p.Memory > 0 && p.Memory < memory:
		return note(name, "a smaller --resend-buffer, or more memory for the control group",
			"the control group has %s of memory", cli.Bytes(p.Memory))
	case slices.Contains(p.Governors, "powersave") && len(p.Governors) == 1:
		return note(name, "cpupower frequency-set -g performance",
			"they save power (governor powersave), which delays what comes after a pause")
	}
	evidence := cli.Counted(uint64(p.Usable), "processor", "processors")
	if p.Share > 0 {
		evidence += fmt.Sprintf(", limited to %.2g", p.Share)
	}
	if p.Memory > 0 {
		evidence += ", " + cli.Bytes(p.Memory) + " of memory"
	}
	return ok(name, "%s", evidence)
}

// Clock asks whether the clock is held to others, which latencies between hosts need.
func Clock(f *host.Facts, q Question) Check {
	const name = "clock"
	if f.Machine == nil {
		return Check{Name: name, State: Unknown, Evidence: "not read"}
	}
	if f.Machine.Clock.Err != nil {
		return unknown(name, f.Machine.Clock.Err)
	}
	c := f.Machine.Clock.Value
	stamps := ""
	if card := f.Machine.Card; card.Err == nil && card.Value.Clock >= 0 {
		stamps = fmt.Sprintf("; the card has a clock, /dev/ptp%d", card.Value.Clock)
		if card.Value.Stamps {
			stamps += ", and stamps all"
		}
	}
	if !c.Synchronised {
		return note(name, "apt install chrony", "not synchronised: latencies between hosts are as "+
			"wrong as it is; all else goes on%s", stamps)
	}
	return ok(name, "synchronised to within %s%s", cli.Duration(max(c.Error, time.Microsecond)),
		stamps)
}
