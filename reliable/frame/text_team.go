package frame

import (
	"fmt"
	"strings"
	"time"
)

// manyText is how many entries of a list are written out.
const manyText = 8

// claimText writes the fields of CLAIM.
func (f *Frame) claimText(b *strings.Builder) {
	c := f.Claim
	fmt.Fprintf(b, " sub=%016x req=%x team=%q share=%v", f.Subscriber, f.Request, c.Team, c.Share)
	if c.Granted != 0 {
		fmt.Fprintf(b, " granted=%v", time.Duration(c.Granted))
	}
	if c.Share != Watch {
		fmt.Fprintf(b, " name=%q weight=%d room=%d window=%d", f.Name, c.Weight, c.Room, c.Window)
	}
	if c.Oldest {
		b.WriteString(" oldest")
	}
	if len(c.Host) > 0 || c.PID != 0 {
		fmt.Fprintf(b, " host=%q pid=%d", c.Host, c.PID)
	}
	if c.Forget {
		b.WriteString(" forget")
	}
	if f.Flags&Leaving != 0 {
		b.WriteString(" leaving")
	}
	for i := range c.Entries {
		if !listText(b, "claims", i, len(c.Entries)) {
			break
		}
		e := &c.Entries[i]
		fmt.Fprintf(b, "%d:%v@%d:%d/%d-%d", e.Channel, e.State, e.Epoch, e.Done, e.Seq, e.Received)
		for _, list := range [...]struct {
			word string
			n    int
		}{{"done", len(e.Ranges)}, {"freed", len(e.Freed)}, {"working", len(e.Working)}} {
			if list.n > 0 {
				fmt.Fprintf(b, "+%d%s", list.n, list.word)
			}
		}
	}
}

// listText begins the i-th of n entries of a list, or ends it by the number of the rest.
func listText(b *strings.Builder, name string, i, n int) bool {
	switch i {
	case 0:
		fmt.Fprintf(b, " %s=", name)
	case manyText:
		fmt.Fprintf(b, ",+%d more", n-i)
		return false
	default:
		b.WriteByte(',')
	}
	return true
}

// grantText writes the fields of GRANT.
func (f *Frame) grantText(b *strings.Builder) {
	g := f.Grant
	fmt.Fprintf(b, " sub=%016x req=%x team=%q share=%v stamp=%v lease=%v members=%d", f.Subscriber,
		f.Request, g.Team, g.Share, time.Duration(g.Stamp), g.Lease, g.Members)
	if g.WorkTime != 0 {
		fmt.Fprintf(b, " work-time=%v", g.WorkTime)
	}
	if g.Refused != 0 {
		fmt.Fprintf(b, " refused=%v", g.Refused)
	}
	if g.Finished {
		b.WriteString(" finished")
	}
	for i, p := range g.Passed {
		if !listText(b, "passed", i, len(g.Passed)) {
			break
		}
		fmt.Fprintf(b, "%d:%d-%d", p.Channel, p.From, p.Offset)
	}
	for i := range g.Entries {
		if !listText(b, "grants", i, len(g.Entries)) {
			break
		}
		e := &g.Entries[i]
		fmt.Fprintf(b, "%d:%v@%d:%d/%d", e.Channel, e.State, e.Epoch, e.From, e.Seq)
		if e.To != 0 {
			fmt.Fprintf(b, "-%d", e.To)
		}
		fmt.Fprintf(b, "#%d", e.Attempt)
	}
}

// teamText writes the fields of TEAM.
func (f *Frame) teamText(b *strings.Builder) {
	t := f.Team
	fmt.Fprintf(b, " req=%x part=%d/%d team=%q share=%v lease=%v given-up=%d redelivered=%d",
		f.Request, t.Part, t.Parts, t.Team, t.Share, t.Lease, t.GivenUp, t.Redelivered)
	if t.Refused != 0 {
		fmt.Fprintf(b, " refused=%v", t.Refused)
	}
	fmt.Fprintf(b, " members=%d", len(t.Members))
	for i := range t.Rows {
		if !listText(b, "rows", i, len(t.Rows)) {
			break
		}
		r := &t.Rows[i]
		fmt.Fprintf(b, "%d:%v@%d:%d-%d#%d", r.Channel, r.State, r.Epoch, r.Done, r.Newest,
			r.Attempt)
		if r.Owner != 0 {
			fmt.Fprintf(b, "/%d", r.Owner-1)
		}
	}
}
