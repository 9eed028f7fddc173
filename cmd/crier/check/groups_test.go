package check

import (
	"net/netip"
	"strings"
	"testing"

	"crier/cmd/crier/host"
)

// Several groups share sockets, as many as the kernel lets a socket join.
func TestGroups(t *testing.T) {
	most := func(n int) func(f *host.Facts) {
		return func(f *host.Facts) {
			f.Machine = &host.Machine{MostMemberships: host.Reading[int]{Value: n}}
		}
	}
	joining := func(n int) func(q *Question) { return func(q *Question) { q.Groups = n } }
	for _, c := range []trial{
		{name: "a topic", ask: joining(17), state: OK, says: []string{"17 groups take 1 socket"}},
		{name: "a large topic", ask: joining(257), state: OK,
			says: []string{"257 groups take 13 sockets, of 20 groups each"}},
		{name: "more are allowed", facts: most(100), ask: joining(21), state: OK,
			says: []string{"2 sockets"}},
		{name: "few are allowed", facts: most(5), ask: joining(17), state: Note,
			says: []string{"17 groups take 4 sockets, of 5 groups each at most",
				"igmp_max_memberships=20"}},
		{name: "few groups where few are allowed", facts: most(5), ask: joining(3), state: OK,
			says: []string{"3 groups take 1 socket"}},
		{name: "IPv6", ask: func(q *Question) {
			q.Groups, q.Group = 17, netip.MustParseAddrPort("[ff05::77]:7700")
		}, state: OK, says: []string{"17 groups"}},
	} {
		c.run(t, Groups)
	}
	if c := Groups(healthy(), question()); c.Evidence != "" {
		t.Errorf("of one group: %+v", c)
	}
}

// Of many groups those that are alike have one answer, and each other group its own.
func TestTogether(t *testing.T) {
	var questions []Question
	var each []Check
	for i := range 17 {
		g := netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 1, byte(i)}), 7700)
		questions = append(questions, Question{Group: g})
		each = append(each, ok("join", "a socket joins %v", g.Addr()))
	}
	each[5] = problem("join", "join "+questions[5].Group.Addr().String(), "no room")
	each[9] = problem("join", "join "+questions[9].Group.Addr().String(), "no room")
	each[11] = problem("join", "see", "another")
	var text strings.Builder
	for _, c := range together(each, questions) {
		text.WriteString(c.State.String() + ": " + c.Evidence + " -> " + c.Mend + "\n")
	}
	want := "ok: 239.77.1.0:7700 and 13 more: a socket joins 239.77.1.0 -> \n" +
		"problem: 239.77.1.5:7700 and 1 more: no room -> join 239.77.1.5\n" +
		"problem: 239.77.1.11:7700: another -> see\n"
	if text.String() != want {
		t.Errorf("%s\nwant\n%s", &text, want)
	}
	if few := together(each[:2], questions); len(few) != 2 ||
		few[1].Evidence != "239.77.1.1:7700: a socket joins 239.77.1.1" {
		t.Errorf("%+v", few)
	}
}
