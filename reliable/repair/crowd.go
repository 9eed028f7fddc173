package repair

import (
	"net/netip"
	"time"

	"crier/reliable"
)

// A Crowd shares places, of which there are so many, among the addresses of those who want them:
// whoever can send datagrams can make up ids, but hardly addresses. The zero value is ready.
type Crowd struct {
	// places counts the places of each address, during a look.
	places map[netip.Addr]int
	// Until then a newcomer with as many places gets none, at no further look.
	until reliable.Time
	mine  int
}

// fullTime is how long a newcomer that got no place stands for others like it.
const fullTime = time.Millisecond

// Yields returns the address that gives one of n places to a newcomer, where at returns the
// address that has a place: that with the most, if it has more than the newcomer's would have
// then. It reports false if there is none.
func (c *Crowd) Yields(
	now reliable.Time, newcomer netip.Addr, n int, at func(int) netip.Addr,
) (netip.Addr, bool) {
	mine := 0
	if now < c.until {
		for i := range n {
			if at(i) == newcomer {
				mine++
			}
		}
		if mine >= c.mine {
			return netip.Addr{}, false
		}
	}
	if c.places == nil {
		c.places = make(map[netip.Addr]int)
	}
	clear(c.places)
	most, whose := 0, netip.Addr{}
	for i := range n {
		a := at(i)
		c.places[a]++
		if p := c.places[a]; p > most {
			most, whose = p, a
		}
	}
	mine = c.places[newcomer]
	if most <= mine+1 {
		c.until, c.mine = now.Add(fullTime), mine
		return netip.Addr{}, false
	}
	return whose, true
}
