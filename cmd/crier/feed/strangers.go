package feed

import (
	"fmt"
	"net/netip"
	"strings"
)

// strangers are datagrams to other addresses than those that are wanted.
type strangers struct {
	n    uint64
	rows []stranger // of the first addresses, strangerRows at most
}

type stranger struct {
	to netip.AddrPort
	n  uint64
}

const strangerRows = 16

// count counts a datagram; first says that it is the first to its address, of
// those that have a row.
func (s *strangers) count(to netip.AddrPort) (first bool) {
	s.n++
	for i := range s.rows {
		if s.rows[i].to == to {
			s.rows[i].n++
			return false
		}
	}
	if len(s.rows) == strangerRows {
		return false
	}
	s.rows = append(s.rows, stranger{to, 1})
	return true
}

// text lists them, such as "3 to 224.0.0.251:5353".
func (s *strangers) text() string {
	var list []string
	rest := s.n
	for _, row := range s.rows {
		list = append(list, fmt.Sprintf("%d to %v", row.n, row.to))
		rest -= row.n
	}
	if rest > 0 {
		list = append(list, fmt.Sprintf("%d to others", rest))
	}
	return strings.Join(list, ", ")
}
