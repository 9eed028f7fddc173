package echo

import (
	"net"
	"net/netip"
)

// sentTTL is the TTL of datagrams from a port, from which the other end reckons the routers on
// the way.
const sentTTL = 64

// port is the socket by which the two talk. It is Go's own, so that it tells what the kernel
// says about the other host: that nobody listens there, or that it can't be reached.
type port struct {
	conn  *net.UDPConn
	local netip.AddrPort
	oob   []byte
}

// listenPort opens the port of a Host.
func listenPort(local netip.AddrPort) (*port, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	if err != nil {
		return nil, err
	}
	return newPort(c, local.Addr())
}

// dialPort opens a port that only talks to a Host.
func dialPort(local netip.Addr, to netip.AddrPort) (*port, error) {
	c, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)),
		net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	return newPort(c, local)
}

func newPort(c *net.UDPConn, local netip.Addr) (*port, error) {
	_ = c.SetReadBuffer(1 << 20) // any size that is granted does
	if err := prepare(c, local.Is4()); err != nil {
		c.Close()
		return nil, err
	}
	bound := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return &port{conn: c, local: netip.AddrPortFrom(local, bound.Port()),
		oob: make([]byte, 128)}, nil
}

// read returns a datagram's length and source, and the TTL that it came with, or 0.
func (p *port) read(b []byte) (n int, from netip.AddrPort, ttl int, err error) {
	n, oobn, _, from, err := p.conn.ReadMsgUDPAddrPort(b, p.oob)
	if err != nil {
		return 0, from, 0, err
	}
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	return n, from, ttlOf(p.oob[:oobn]), nil
}

// write sends a datagram; to is only for a port that isn't dialled.
func (p *port) write(b []byte, to netip.AddrPort) error {
	if p.conn.RemoteAddr() != nil {
		_, err := p.conn.Write(b)
		return err
	}
	_, err := p.conn.WriteToUDPAddrPort(b, to)
	return err
}

func (p *port) close() { p.conn.Close() }
