package host

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Socket is a UDP socket of this network namespace.
type Socket struct {
	Local, Remote netip.AddrPort
	// UID is the user that made it.
	UID int
	// Inode names it among the descriptors of processes.
	Inode uint64
	// Queued is how many bytes wait to be read, with the kernel's overhead.
	Queued uint64
	// Drops counts the datagrams dropped since its receive buffer was full, or their
	// checksum was wrong.
	Drops uint64
	// Own reports that it is of this process.
	Own bool
}

// Sockets lists the UDP sockets of this namespace, IPv4 and IPv6.
func (r Roots) Sockets() ([]Socket, error) {
	text, err := read(r.Net, "udp")
	if err != nil {
		return nil, err
	}
	list, err := parseSockets(text)
	if err != nil {
		return nil, fmt.Errorf("/proc/net/udp: %w", err)
	}
	if text, err := read(r.Net, "udp6"); err == nil {
		more, err := parseSockets(text)
		if err != nil {
			return nil, fmt.Errorf("/proc/net/udp6: %w", err)
		}
		list = append(list, more...)
	}
	own := r.inodes("self")
	for i := range list {
		list[i].Own = slices.Contains(own, list[i].Inode)
	}
	return list, nil
}

// parseSockets reads the table of /proc/net/udp or udp6.
func parseSockets(text string) ([]Socket, error) {
	var list []Socket
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "sl" {
			continue
		}
		if len(f) < 13 {
			return nil, fmt.Errorf("a line has %d fields: %q", len(f), strings.TrimSpace(line))
		}
		var s Socket
		var err, err2 error
		if s.Local, err = parseHexAddr(f[1]); err == nil {
			s.Remote, err = parseHexAddr(f[2])
		}
		if err != nil {
			return nil, err
		}
		if _, queued, ok := strings.Cut(f[4], ":"); ok {
			s.Queued, _ = strconv.ParseUint(queued, 16, 64)
		}
		s.UID, _ = strconv.Atoi(f[7])
		s.Inode, err = strconv.ParseUint(f[9], 10, 64)
		s.Drops, err2 = strconv.ParseUint(f[12], 10, 64)
		if err != nil || err2 != nil {
			return nil, fmt.Errorf("inode %q and drops %q are no whole numbers", f[9], f[12])
		}
		list = append(list, s)
	}
	return list, nil
}

// parseHexAddr reads an address as the kernel prints it: words of 4 bytes as numbers of this
// machine's byte order, and the port.
func parseHexAddr(text string) (netip.AddrPort, error) {
	digits, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(digits)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no address and port", text)
	}
	addr, err := hexAddr(raw)
	return netip.AddrPortFrom(addr, uint16(n)), err
}

func hexAddr(raw []byte) (netip.Addr, error) {
	if len(raw) != 4 && len(raw) != 16 {
		return netip.Addr{}, fmt.Errorf("%x is no address: it has %d bytes", raw, len(raw))
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return addr.Unmap(), nil
}

// Process is a program that runs.
type Process struct {
	PID  int
	Name string
}

// Owners returns the processes that hold sockets, by inode, as far as this user may know: of
// other users' processes only root does.
func (r Roots) Owners() (map[uint64]Process, error) {
	entries, err := os.ReadDir(r.Proc)
	if err != nil {
		return nil, ErrNotReadable
	}
	owners := make(map[uint64]Process)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		inodes := r.inodes(e.Name())
		if len(inodes) == 0 {
			continue
		}
		name, _ := read(r.Proc, e.Name(), "comm")
		for _, inode := range inodes {
			owners[inode] = Process{pid, strings.TrimSpace(name)}
		}
	}
	return owners, nil
}

// inodes lists the sockets of a process, as far as this user may.
func (r Roots) inodes(process string) []uint64 {
	dir := filepath.Join(r.Proc, process, "fd")
	entries, _ := os.ReadDir(dir)
	var list []uint64
	for _, e := range entries {
		target, _ := os.Readlink(filepath.Join(dir, e.Name()))
		if text, ok := strings.CutPrefix(target, "socket:["); ok {
			if n, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}
