package directory

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Conflict is a clash of two publishers of a table.
type Conflict struct {
	Kind ClashKind
	// A and B are the publishers, in the order of Compare.
	A, B Row
	// Group is the group that both use, in a SameGroup.
	Group netip.AddrPort
}

const (
	// MaxConflicts is the number of conflicts that Conflicts returns at most.
	MaxConflicts = 64
	// maxGroups bounds the groups that it compares.
	maxGroups = 1 << 16
)

// Compare orders rows by topic, publisher's name, address and session.
func Compare(a, b Row) int {
	return cmp.Or(strings.Compare(a.Topic, b.Topic), strings.Compare(a.Publisher, b.Publisher),
		a.Addr.Compare(b.Addr), cmp.Compare(a.Session, b.Session))
}

// Conflicts returns the conflicts between the rows of a table, which are in the order of Compare:
// of two topics the first group that they share, and of each publisher's name and each topic one.
func Conflicts(rows []Row) (list []Conflict) {
	add := func(c Conflict) bool {
		list = append(list, c)
		return len(list) < MaxConflicts
	}
	for i := range rows[min(1, len(rows)):] {
		a, b := &rows[i], &rows[i+1]
		if a.Topic == b.Topic && a.Publisher == b.Publisher && a.Publisher != "" &&
			!add(Conflict{Kind: SameName, A: *a, B: *b}) {
			return list
		}
	}
	owners := map[netip.AddrPort]int{}
	for first, end := 0, 0; first < len(rows); first = end {
		a := &rows[first]
		for end = first; end < len(rows) && rows[end].Topic == a.Topic; end++ {
		}
		others := rows[first:end]
		if i := slices.IndexFunc(others, func(b Row) bool { return b.Layout != a.Layout }); i > 0 &&
			!add(Conflict{Kind: OtherLayout, A: *a, B: others[i]}) {
			return list
		}
		var told []int
		for _, group := range a.Layout.All(a.Topic) {
			owner, taken := owners[group]
			switch {
			case !taken && len(owners) < maxGroups:
				owners[group] = first
			case taken && rows[owner].Topic != a.Topic && !slices.Contains(told, owner):
				told = append(told, owner)
				if !add(Conflict{Kind: SameGroup, A: rows[owner], B: *a, Group: group}) {
					return list
				}
			}
		}
	}
	return list
}
