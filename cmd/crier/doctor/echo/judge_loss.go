package echo

import (
	"fmt"
	"strings"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
)

// lost returns the part that was lost of what was sent.
func lost(sent, received int) float64 {
	if sent <= 0 {
		return 0
	}
	return float64(max(sent-received, 0)) / float64(sent)
}

// Parts lost that are worth a note, and a problem.
const (
	noteLoss    = 0.0001
	problemLoss = 0.002
)

func lossState(share float64) check.State {
	switch {
	case share >= problemLoss:
		return check.Problem
	case share >= noteLoss:
		return check.Note
	}
	return check.OK
}

// of says how many of some arrived.
func of(received, sent int) string {
	if received >= sent {
		return "all of " + grouped(sent)
	}
	return grouped(received) + " of " + grouped(sent)
}

func (f *figures) judgeUnicast(v *verdicts) {
	w := &f.trip
	if !w.done {
		return
	}
	to, from := lost(w.sent, w.there.Received), lost(w.there.Answered, w.here.received)
	state, mend := lossState(max(to, from)), ""
	if state == check.Problem {
		mend = "ethtool -S " + f.ifi
	}
	v.add(nameUnicast, state, mend, "%s lost there, %s back, of %s and %s", cli.Percent(to),
		cli.Percent(from), grouped(w.sent), grouped(w.there.Answered))
}

// judgeMulticast says whether the group is heard, each way, and how much is lost.
func (f *figures) judgeMulticast(v *verdicts) {
	if f.joinErr != nil {
		v.add(nameFrom, check.Problem, "crier doctor --iface "+f.ifi, "%v", f.joinErr)
	}
	f.judgeTo(v)
	if f.joinErr == nil {
		f.judgeFrom(v)
	}
	if f.joined > 0 {
		v.add(nameJoin, check.OK, "", "%s from joining to the first datagram",
			cli.Duration(f.joined))
	}
}

func (f *figures) judgeTo(v *verdicts) {
	w := f.flood
	if !w.done {
		w = f.group
	}
	switch {
	case !w.done:
		v.add(nameTo, check.Unknown, "", "not tried")
	case w.there.Received == 0:
		f.judgeDeaf(v, nameTo, f.there.Name, f.there.Iface, f.group.sent+f.lone.sent,
			f.lone.sent, f.lone.there.Kernel, f.lone.done)
	default:
		f.judgeLoss(v, nameTo, loss{w.sent, w.there.Received, w.there.KernelDrops,
			w.there.Kernel}, "on "+f.there.Name+": ", f.there.Iface)
	}
}

func (f *figures) judgeFrom(v *verdicts) {
	w := f.flood
	if !w.done {
		w = f.group
	}
	if f.back.done {
		w = f.back
	}
	answered := w.there.Answered - int(w.there.Refused)
	switch {
	case !w.done || w.there.Received == 0:
		v.add(nameFrom, check.Unknown, "", "not tried")
	case answered <= 0 && w.there.Refused > 0:
		v.add(nameFrom, check.Problem, "on "+f.there.Name+": "+f.groupRule(f.there.Iface),
			"the kernel of %s refused all %s datagrams to %v: a firewall there drops what leaves",
			f.there.Name, grouped(w.there.Refused), f.cfg.Group)
	case w.here.received == 0:
		f.judgeDeaf(v, nameFrom, "this host", f.ifi, answered, answered, w.kernel, true)
	default:
		f.judgeLoss(v, nameFrom, loss{answered, w.here.received, w.drops, w.kernel}, "", f.ifi)
	}
}

// judgeDeaf says how far datagrams to the group came, of which none was heard.
func (f *figures) judgeDeaf(
	v *verdicts, name, host, ifi string, sent, alone int, kernel map[string]uint64, counted bool,
) {
	on := ""
	if host != "this host" {
		on = "on " + host + ": "
	}
	arrived, known := kernel[rxPackets]
	switch {
	case kernel[rpFiltered] >= uint64(alone)/2 && alone > 0 && counted:
		v.add(name, check.Problem, on+"sysctl -w net.ipv4.conf."+ifi+".rp_filter=2",
			"none of %s datagrams to %v was heard; the kernel of %s dropped %s by its reverse "+
				"path filter: no route to their source leads by %s", grouped(sent), f.cfg.Group,
			host, grouped(kernel[rpFiltered]), ifi)
	case counted && known && arrived >= uint64(alone)*3/4 && alone > 0:
		v.add(name, check.Problem, on+f.groupRule(ifi),
			"none of %s datagrams to %v was heard, though they reach %s of %s: its kernel drops "+
				"them, as a firewall does that has no rule for UDP port %d", grouped(sent),
			f.cfg.Group, ifi, host, f.cfg.Group.Port())
	case counted && known:
		v.add(name, check.Problem, on+"crier doctor --soak 6m --iface "+ifi,
			"none of %s datagrams to %v reaches %s of %s, though unicast does: a switch on the "+
				"way doesn't forward the group (IGMP is dropped, or the switch forgot the "+
				"member), or the network carries no multicast", grouped(sent), f.cfg.Group, ifi,
			host)
	default:
		v.add(name, check.Problem, on+"crier doctor --iface "+ifi,
			"none of %s datagrams to %v was heard, though unicast is", grouped(sent), f.cfg.Group)
	}
}

// maxMerged is how many datagrams the kernel may count as one, where it merges them.
const maxMerged = 64

// loss counts the lost datagrams of one way: drops found the receiving socket's buffer full, and
// kernel has what the receiving host's kernel counted meanwhile.
type loss struct {
	sent, received int
	drops          uint64
	kernel         map[string]uint64
}

// inside reports whether the lost datagrams reached the receiving interface: it counted as many
// as were sent, and not many more, which would be of others.
func (l loss) inside() bool {
	arrived, known := l.kernel[rxPackets]
	missing := uint64(max(l.sent-l.received, 0))
	return known && arrived+missing/10 >= uint64(l.sent) &&
		arrived <= uint64(l.sent)+uint64(l.sent)/10
}

// judgeLoss judges loss. What found the receive buffer full was lost by a host that was busy,
// and not on the way.
func (f *figures) judgeLoss(v *verdicts, name string, l loss, on, ifi string) {
	share := lost(l.sent, l.received)
	state, mend, where := lossState(share), "", ""
	switch {
	case state == check.Problem && l.drops == 0 && l.inside():
		where = fmt.Sprintf("; all reached %s, and the kernel dropped them, as a firewall does",
			ifi)
		mend = on + f.groupRule(ifi)
	case state == check.Problem:
		mend = on + "ethtool -S " + ifi
	}
	if share > 0 && l.drops > 0 {
		where = fmt.Sprintf("; the socket's receive buffer was full for %s", grouped(l.drops))
		if state == check.Problem && uint64(l.sent-l.received) <= maxMerged*l.drops {
			state, where = check.Note, where+", since the host is busy"
		}
		mend = on + "sysctl -w net.core.rmem_max=33554432"
	}
	v.add(name, state, mend, "%s lost: %s to %v arrived%s", cli.Percent(share),
		of(l.received, l.sent), f.cfg.Group, where)
}

// Parts reordered that are worth a note, and a problem.
const (
	noteOrder    = 0.00005
	problemOrder = 0.001
)

func (f *figures) judgeOrder(v *verdicts) {
	w := &f.flood
	if !w.done || w.there.Received == 0 {
		return
	}
	share := func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	to, from := share(w.there.Reordered, w.there.Received),
		share(w.here.reordered, w.here.received)
	state, mend := check.OK, ""
	switch worst := max(to, from); {
	case worst >= problemOrder:
		state, mend = check.Problem,
			"look for parallel links or queues on the way (bonding mode balance-rr, ECMP)"
	case worst >= noteOrder:
		state = check.Note
	}
	v.add(nameReorder, state, mend, "%s of the datagrams arrived late there, %s here",
		cli.Percent(to), cli.Percent(from))
	to, from = share(w.there.Duplicates, w.there.Received), share(w.here.duplicates,
		w.here.received)
	state, mend = check.OK, ""
	if max(to, from) >= noteOrder {
		state, mend = check.Note, "look for a loop or a mirrored port on the way"
	}
	v.add(nameDuplicate, state, mend, "%s of the datagrams arrived twice there, %s here",
		cli.Percent(to), cli.Percent(from))
}

// judgeBurst judges a burst. It is worth a note at most: no network takes any.
func (f *figures) judgeBurst(v *verdicts) {
	w := &f.burst
	if !w.done {
		return
	}
	what := fmt.Sprintf("%s datagrams of %s at once arrived", of(w.there.Received, w.sent),
		cli.Bytes(w.there.Largest))
	if w.there.Received >= w.sent {
		v.add(nameBurst, check.OK, "", "%s", what)
		return
	}
	var where []string
	if n := w.there.KernelDrops; n > 0 {
		where = append(where, fmt.Sprintf("%s found the socket's receive buffer of %s full",
			grouped(n), cli.Bytes(w.there.ReadBuffer)))
	}
	for _, c := range []struct{ name, words string }{{rxDropped, "the interface dropped %s"},
		{softnet, "the network stack had no room for %s (net.core.netdev_max_backlog)"}} {
		if n := w.there.Kernel[c.name]; n > 0 {
			where = append(where, fmt.Sprintf(c.words, grouped(n)))
		}
	}
	if len(where) == 0 {
		where = append(where, "the others were lost on the way")
	}
	mend := ""
	if w.there.KernelDrops > 0 {
		mend = "on " + f.there.Name + ": sysctl -w net.core.rmem_max=33554432"
	}
	v.add(nameBurst, check.Note, mend, "%s; %s", what, strings.Join(where, ", "))
}
