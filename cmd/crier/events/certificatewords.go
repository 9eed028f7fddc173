package events

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

const (
	// mostMembers and mostRanges bound what is listed in words; JSON has all.
	mostMembers = 8
	mostRanges  = 4
	// certificateLabels is the width of the column of labels, with its margins.
	certificateLabels = 15
)

// certificateText returns the lines of a certificate, which stand below those of its event.
// Before is the certificate whose place it takes, or nil; partition is the one that it is about, or
// negative where the session has no other.
func certificateText(c, before *subscriber.Certificate, partition int, sheet cli.Sheet) string {
	b := &certificateLines{sheet: sheet}
	switch {
	case c.Withdrawn:
		b.line("certificate", fmt.Sprintf("%d is withdrawn; what was named lost stays lost",
			c.Number))
		return b.String()
	case len(c.Live) > 0:
		b.line("certificate", fmt.Sprintf("none, after %s: nothing is known to be lost for all",
			tookText(c)))
		b.members("heard by", c.Live, 0, false)
		b.lost(c)
		return b.String()
	}
	b.line("certificate", fmt.Sprintf("%d, after %s, %s", c.Number, tookText(c),
		confirmedText(c, sheet)))
	if before != nil {
		b.line("changed", changedText(c, before))
	}
	b.members("members", c.Members, c.More, !c.Agreed)
	if c.Counted > 0 {
		b.line("counted", cli.Counted(uint64(c.Counted), "subscriber", "subscribers")+
			", by the publisher's last word")
	}
	if c.NextOffset > 0 {
		where := ""
		if partition >= 0 {
			where = fmt.Sprintf(", in partition %d", partition)
		}
		b.line("end", "offset "+cli.Grouped(c.NextOffset-1)+" is the last that a member knows of"+
			where)
	}
	if len(c.Nobody) == 0 {
		b.line("nobody has", "nothing: each frame that a member knows of is held by one")
	} else {
		b.line("nobody has", framesText(c.Nobody))
	}
	if len(c.Unsettled) > 0 {
		b.line("unsettled", framesText(c.Unsettled)+
			", which a member may have: the time was over, or there were too many")
	}
	b.lost(c)
	if c.Found > 0 {
		b.line("found", cli.Counted(c.Found, "frame that was", "frames that were")+
			" named lost here, kept for others, and delivered no more")
	}
	return b.String()
}

// lackedText tells in a line what is missing by a certificate.
func lackedText(c *subscriber.Certificate, sheet cli.Sheet) string {
	text := "nobody has " + cli.Counted(framesOf(c.Nobody), "frame", "frames")
	if n := framesOf(c.Unsettled); n > 0 {
		text += fmt.Sprintf(", %s unsettled", cli.Counted(n, "is", "are"))
	}
	return text + ", and here " + sheet.Paint(cli.Bad,
		cli.Counted(c.LostMessages, "message is", "messages are")+" lost")
}

// certificateLines are lines behind labels.
type certificateLines struct {
	strings.Builder
	sheet cli.Sheet
}

func (b *certificateLines) line(label, text string) {
	b.WriteString(b.sheet.Beside(fmt.Sprintf("  %-*s", certificateLabels-2, label), text))
}

// members lists members, those first that have not confirmed if that is told; more are those for
// which a certificate had no place.
func (b *certificateLines) members(label string, list []subscriber.Survivor, more int,
	confirmed bool) {
	list = slices.Clone(list)
	if confirmed {
		slices.SortStableFunc(list, func(x, y subscriber.Survivor) int {
			switch {
			case x.Confirmed == y.Confirmed:
				return 0
			case y.Confirmed:
				return -1
			}
			return 1
		})
	}
	for i := range list[:min(len(list), mostMembers)] {
		text := memberText(&list[i])
		if confirmed && !list[i].Confirmed {
			text += ", " + b.sheet.Paint(cli.Noted, "not confirmed")
		}
		b.line(label, text)
		label = ""
	}
	if rest := len(list) - mostMembers; rest > 0 {
		b.line(label, fmt.Sprintf("and %s more", cli.Grouped(uint64(rest))))
	}
	if more > 0 {
		b.line(label, fmt.Sprintf("and %s for which there was no place", cli.Grouped(uint64(more))))
	}
}

// lost tells what this subscriber named lost.
func (b *certificateLines) lost(c *subscriber.Certificate) {
	if c.LostMessages == 0 {
		b.line("lost here", "nothing")
		return
	}
	text := b.sheet.Paint(cli.Bad, cli.Counted(c.LostMessages, "message", "messages"))
	if len(c.Lost) > 0 {
		text += ": " + rangesText("offset", c.Lost)
	}
	b.line("lost here", text)
}

// memberText describes a member. This subscriber itself has no address.
func memberText(s *subscriber.Survivor) string {
	text := cli.Printable(s.Name)
	if text == "" {
		text = fmt.Sprintf("%016x", s.ID)
	}
	if s.Role == subscriber.RoleRecorder {
		text = "recorder " + text
	}
	if !s.Addr.IsValid() {
		return text + ", " + selfText(s.Role.String())
	}
	return text + " at " + s.Addr.String()
}

// selfText names whoever holds a certificate, by its role.
func selfText(role string) string {
	if role == subscriber.RoleRecorder.String() {
		return "this recorder"
	}
	return "this subscriber"
}

// tookText tells how long a certificate took.
func tookText(c *subscriber.Certificate) string {
	return cli.Duration(c.Took.Round(time.Millisecond))
}

// confirmedText tells who has confirmed a certificate.
func confirmedText(c *subscriber.Certificate, sheet cli.Sheet) string {
	total := len(c.Members)
	switch confirmed := confirmedOf(c); {
	case total <= 1:
		return "by itself alone"
	case c.Agreed:
		return sheet.Paint(cli.Good, "agreed") + fmt.Sprintf(" by all %s members",
			cli.Grouped(uint64(total)))
	default:
		return sheet.Paint(cli.Noted, "not agreed") + fmt.Sprintf(": %s of %s members confirmed it",
			cli.Grouped(uint64(confirmed)), cli.Grouped(uint64(total)))
	}
}

// confirmedOf returns how many members have confirmed a certificate.
func confirmedOf(c *subscriber.Certificate) (n int) {
	for i := range c.Members {
		if c.Members[i].Confirmed {
			n++
		}
	}
	return n
}

// changedText tells how a certificate differs from the one before.
func changedText(c, before *subscriber.Certificate) string {
	var list []string
	add := func(n uint64, one, many string) {
		if n > 0 {
			list = append(list, cli.Counted(n, one, many))
		}
	}
	add(more(joined(c, before), 0), "member that wasn't heard before",
		"members that weren't heard before")
	add(more(c.NextOffset, before.NextOffset), "message more is known", "messages more are known")
	add(more(framesOf(before.Nobody), framesOf(c.Nobody)), "frame less that nobody has",
		"frames less that nobody has")
	add(more(framesOf(c.Nobody), framesOf(before.Nobody)), "frame more that nobody has",
		"frames more that nobody has")
	add(more(c.Found, before.Found), "frame found", "frames found")
	if len(list) == 0 {
		return "those that confirmed it"
	}
	return strings.Join(list, "; ")
}

// joined returns how many members of a certificate the one before didn't have.
func joined(c, before *subscriber.Certificate) (n uint64) {
	for i := range c.Members {
		if !slices.ContainsFunc(before.Members, func(s subscriber.Survivor) bool {
			return s.ID == c.Members[i].ID
		}) {
			n++
		}
	}
	return n
}

// more returns by how much a number is larger than another.
func more(n, than uint64) uint64 { return max(n, than) - than }

// framesOf returns how many numbers are in ranges.
func framesOf(ranges []subscriber.Range) (n uint64) {
	for _, r := range ranges {
		n += r.Len()
	}
	return n
}

// framesText describes sequence numbers.
func framesText(ranges []subscriber.Range) string {
	return cli.Counted(framesOf(ranges), "frame", "frames") + ": " + rangesText("number", ranges)
}

// rangesText lists numbers of a thing, and bounds the list.
func rangesText(thing string, ranges []subscriber.Range) string {
	var list []string
	for _, r := range ranges[:min(len(ranges), mostRanges)] {
		list = append(list, cli.OffsetRun(r.From, r.To))
	}
	if len(ranges) > 1 || len(ranges) == 1 && ranges[0].Len() > 1 {
		thing += "s"
	}
	text := thing + " " + strings.Join(list, "; ")
	if rest := len(ranges) - mostRanges; rest > 0 {
		text += fmt.Sprintf(" and %s more", cli.Counted(uint64(rest), "range", "ranges"))
	}
	return text
}
