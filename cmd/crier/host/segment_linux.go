package host

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"syscall"
	"time"
	"unsafe"
)

// segmentPatience is how long datagrams may take over the loopback interface, where rules of a
// firewall may drop them.
const segmentPatience = 100 * time.Millisecond

// Segments has the kernel cut one write into datagrams of one length, over the loopback
// interface. It returns ErrDamaged if others come.
func Segments() error {
	const (
		count, size = 8, 1472
		optSegment  = 103 // UDP_SEGMENT
	)
	in, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer out.Close()

	sent := make([]byte, count*size)
	for i := range sent {
		sent[i] = byte(i/size + i%251)
	}
	control := make([]byte, syscall.CmsgSpace(2))
	head := (*syscall.Cmsghdr)(unsafe.Pointer(&control[0]))
	head.Level, head.Type = syscall.IPPROTO_UDP, optSegment
	head.SetLen(syscall.CmsgLen(2))
	binary.NativeEndian.PutUint16(control[syscall.CmsgLen(0):], size)
	if _, _, err := out.WriteMsgUDP(sent, control, in.LocalAddr().(*net.UDPAddr)); err != nil {
		return err
	}
	got := make([]byte, 2*size)
	if err := in.SetReadDeadline(time.Now().Add(segmentPatience)); err != nil {
		return err
	}
	for i := range count {
		n, _, err := in.ReadFrom(got)
		if err != nil {
			return fmt.Errorf("of %d datagrams %d came: %w", count, i, err)
		}
		if !bytes.Equal(got[:n], sent[i*size:(i+1)*size]) {
			return fmt.Errorf("%w: datagram %d of %d", ErrDamaged, i+1, count)
		}
	}
	return nil
}
