package sub

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// checkState checks the flags that say where to begin and end, and what is kept.
func (o *options) checkState() error {
	changed, start := o.net.Set.Changed, &o.cfg.Start
	if o.state != "" && !changed("start") {
		*start = subscriber.Resume
	}
	first, from := start.Offset()
	last, to := o.cfg.Until.Offset()
	switch {
	case changed("state") && o.state == "":
		return cli.Usagef("--state names no file: give one, such as feed.state")
	case o.state == "" && start.Resumes():
		return cli.Usagef("--start %v goes on where a file says: name it with --state", *start)
	case o.state == "" && o.stateSync:
		return cli.Usagef("--state-sync writes a file: name it with --state")
	case *start != subscriber.Latest && o.cfg.Recovery.Off:
		flag := fmt.Sprintf("--start %v", *start)
		if !changed("start") {
			flag = "--state"
		}
		return cli.Usagef("%s asks for what was sent before: leave out --recovery off", flag)
	case from && to && last <= first:
		return cli.Usagef("--until %v is not behind --start %v: nothing is between them",
			o.cfg.Until, *start)
	case o.keeps() && o.cfg.Order != subscriber.InOrder:
		return cli.Usagef("--state keeps one position of a session, which --order %v doesn't "+
			"have: leave one of them out", o.cfg.Order)
	}
	return nil
}

// keeps reports whether positions are loaded and saved. Another start, or an end, works a
// stretch through again.
func (o *options) keeps() bool {
	return o.state != "" && o.cfg.Start.Resumes() && o.cfg.Until == subscriber.Until{}
}

// completeState fills in what those flags say.
func (o *options) completeState() error {
	for _, text := range o.recorders {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return cli.Usagef("--recorders %q is not an address: give those of recorders' hosts, "+
				"such as 192.0.2.7", text)
		}
		o.cfg.Logs.Recorders = append(o.cfg.Logs.Recorders, addr.Unmap())
	}
	if o.saves = o.keeps(); o.saves {
		o.cfg.Offsets = subscriber.FileOffsets(o.state)
		o.cfg.Acknowledge = subscriber.Acknowledge{ByDone: true, Sync: o.stateSync}
	}
	o.untilEnd = o.untilEnd || o.cfg.Until != subscriber.Until{}
	return nil
}

// mostPositions bounds the positions that are told.
const mostPositions = 4

// stateText tells what becomes of the state file.
func (o *options) stateText(positions []subscriber.Position) string {
	var b strings.Builder
	switch {
	case o.state == "":
	case !o.saves && o.cfg.Until != subscriber.Until{}:
		fmt.Fprintf(&b, "crier sub: %s stays as it is, with --until\n", o.state)
	case !o.saves:
		fmt.Fprintf(&b, "crier sub: %s stays as it is, with --start %v\n", o.state, o.cfg.Start)
	case len(positions) == 0:
		fmt.Fprintf(&b, "crier sub: %s has no position yet\n", o.state)
	}
	sessions := bySession(positions)
	skipped := max(0, len(sessions)-mostPositions)
	if skipped > 0 {
		fmt.Fprintf(&b, "crier sub: %s has positions in %s, the last of them:\n", o.state,
			cli.Counted(uint64(len(sessions)), "session", "sessions"))
	}
	for _, list := range sessions[skipped:] {
		fmt.Fprintf(&b, "crier sub: %s: goes on %s of session %v", o.state, placesText(list),
			list[0].Session)
		if name := list[0].Publisher; name != "" {
			fmt.Fprintf(&b, " (%s)", cli.Printable(name))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// bySession returns positions by session, in the order of each session's last.
func bySession(positions []subscriber.Position) (sessions [][]subscriber.Position) {
	for _, p := range positions {
		var list []subscriber.Position
		at := slices.IndexFunc(sessions,
			func(l []subscriber.Position) bool { return l[0].Session == p.Session })
		if at >= 0 {
			list = sessions[at]
			sessions = slices.Delete(sessions, at, at+1)
		}
		sessions = append(sessions, append(list, p))
	}
	return sessions
}

// placesText describes the positions in one session.
func placesText(list []subscriber.Position) string {
	first := list[0].Offset
	switch {
	case len(list) == 1 && list[0].Partition == 0:
		return "at offset " + cli.Grouped(first)
	case len(list) == 1:
		return fmt.Sprintf("at offset %s of partition %d", cli.Grouped(first), list[0].Partition)
	}
	last := first
	for _, p := range list {
		first, last = min(first, p.Offset), max(last, p.Offset)
	}
	return fmt.Sprintf("in %d partitions, at offsets %s to %s,", len(list), cli.Grouped(first),
		cli.Grouped(last))
}
