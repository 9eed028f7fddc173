package soak

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// queries hears the queries on an interface.
type queries struct {
	conn *net.IPConn
	done chan struct{}

	mu   sync.Mutex
	list []Querier
}

// listen opens a raw socket.
func listen(iface string, is4 bool) (*queries, error) {
	network, address := "ip4:igmp", "0.0.0.0"
	if !is4 {
		network, address = "ip6:ipv6-icmp", "::"
	}
	c, err := net.ListenPacket(network, address)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return nil, errNoRight
	}
	if err != nil {
		return nil, err
	}
	q := &queries{conn: c.(*net.IPConn), done: make(chan struct{})}
	raw, err := q.conn.SyscallConn()
	var failed error
	if err == nil {
		err = raw.Control(func(fd uintptr) { failed = syscall.BindToDevice(int(fd), iface) })
	}
	if err = errors.Join(err, failed); err != nil {
		c.Close()
		return nil, err
	}
	parse := parseIGMP
	if !is4 {
		parse = parseMLD
	}
	go q.read(parse)
	return q, nil
}

func (q *queries) read(parse func([]byte) (query, bool)) {
	defer close(q.done)
	b := make([]byte, 2048)
	for {
		n, from, err := q.conn.ReadFromIP(b)
		if err != nil {
			return
		}
		asked, ok := parse(b[:n])
		addr, valid := netip.AddrFromSlice(from.IP)
		if ok && valid {
			q.add(asked, addr.Unmap(), time.Now())
		}
	}
}

// add counts a query.
func (q *queries) add(asked query, from netip.Addr, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.list {
		if known := &q.list[i]; known.Addr == from {
			known.Queries++
			known.Last, known.Every, known.Protocol = now, asked.every, asked.protocol
			return
		}
	}
	if len(q.list) < maxQueriers {
		q.list = append(q.list, Querier{Addr: from, Protocol: asked.protocol, Every: asked.every,
			Queries: 1, First: now, Last: now})
	}
}

// heard returns the queriers so far.
func (q *queries) heard() []Querier {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]Querier(nil), q.list...)
}

func (q *queries) close() {
	q.conn.Close()
	<-q.done
}
