package directory

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"crier/reliable"
	"crier/reliable/topic"
)

func TestConflicts(t *testing.T) {
	row := func(session int, name, publisher string, partitions int, base string) Row {
		r := Row{Session: reliable.SessionID(session), Topic: name, Publisher: publisher,
			Layout: topic.Layout{Partitions: partitions, Groups: partitions}}
		if base != "" {
			r.Layout.Base = netip.MustParseAddrPort(base)
		}
		return r
	}
	rows := []Row{
		row(1, "a", "one", 2, "239.1.1.1:7700"), row(2, "a", "one", 2, "239.1.1.1:7700"),
		row(3, "a", "", 2, "239.1.1.1:7700"), row(4, "a", "", 2, "239.1.1.1:7700"),
		row(5, "b", "one", 1, "239.1.1.3:7700"), row(6, "c", "x", 1, ""),
		row(7, "c", "y", 2, ""), row(8, "c", "z", 4, ""),
	}
	slices.SortFunc(rows, Compare)
	var got []string
	for _, c := range Conflicts(rows) {
		got = append(got, fmt.Sprintf("%v of %d and %d at %v", c.Kind, c.A.Session, c.B.Session,
			c.Group))
	}
	expect(t, "conflicts", got, "same name of 1 and 2 at invalid AddrPort",
		"same group of 3 and 5 at 239.1.1.3:7700", "other layout of 6 and 7 at invalid AddrPort")
	if got := Conflicts(nil); got != nil {
		t.Errorf("%v", got)
	}
	// All in one group, and as many groups as there can be.
	rows = rows[:0]
	for i := range 200 {
		rows = append(rows, row(i+1, fmt.Sprintf("t-%03d", i), "p", 256, "239.1.1.1:7700"))
	}
	if got := Conflicts(rows); len(got) != MaxConflicts {
		t.Errorf("%d conflicts", len(got))
	}
	// Beyond so many groups nothing is looked at any more.
	rows = rows[:0]
	for i := range 300 {
		rows = append(rows, row(i+1, fmt.Sprintf("t-%03d", i), "p", 256,
			fmt.Sprintf("239.%d.%d.1:7700", i/100, 2*(i%100))))
	}
	rows[1].Layout.Base = rows[0].Layout.Base
	rows[299].Layout.Base = rows[298].Layout.Base
	if got := Conflicts(rows); len(got) != 1 || got[0].B.Session != 2 {
		t.Errorf("%d conflicts", len(got))
	}
}
