// Package host reads facts of this machine's kernel and networking: interfaces, routes,
// memberships, counters, firewall rules. It judges nothing; package check does. What a system
// does not tell, or not to this user, is a Reading with the reason.
package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// ErrNotReadable says that this system has no such fact to read.
var ErrNotReadable = errors.New("not readable on this system")

// errNotRead says that a fact was not asked for.
var errNotRead = errors.New("not read")

// A Reading is a fact, or why it could not be read.
type Reading[T any] struct {
	Value T
	Err   error
}

// Of makes a reading of a function's results.
func Of[T any](value T, err error) Reading[T] { return Reading[T]{value, err} }

// notRead returns a reading that was not asked for.
func notRead[T any]() Reading[T] { return Reading[T]{Err: errNotRead} }

// Roots are the folders that Linux shows its state in.
type Roots struct {
	// Proc is /proc, and Net the folder of the network namespace: /proc/net.
	Proc, Net string
	// Sys is /sys, and Etc /etc and the like: the root of the file system.
	Sys, Root string
}

// Live returns the roots of this machine. Net is that of the thread: a goroutine that is
// locked to a thread in another namespace reads that namespace's state.
func Live() Roots {
	return Roots{Proc: "/proc", Net: "/proc/thread-self/net", Sys: "/sys", Root: "/"}
}

// read returns a file's text. Where the file is missing, the error is ErrNotReadable.
func read(elem ...string) (string, error) {
	if runtime.GOOS != "linux" && strings.HasPrefix(elem[0], "/proc") {
		return "", ErrNotReadable
	}
	data, err := os.ReadFile(filepath.Join(elem...))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%w (there is no %s)", ErrNotReadable, filepath.Join(elem...))
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("this user may not read %s", filepath.Join(elem...))
	case err != nil:
		return "", err
	}
	return string(data), nil
}

// Sysctl returns a setting of the kernel, such as net.ipv4.igmp_max_memberships. A dot in an
// interface's name is written as a slash.
func (r Roots) Sysctl(name string) (string, error) {
	path := strings.NewReplacer(".", "/", "/", ".").Replace(name)
	text, err := read(r.Proc, "sys", path)
	return strings.TrimSpace(text), err
}

// SysctlInt returns a setting that is one whole number.
func (r Roots) SysctlInt(name string) (int, error) {
	text, err := r.Sysctl(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s is %q, and not a whole number", name, text)
	}
	return n, nil
}

// interfaceSysctl returns the number of a setting of an interface, or of all of them.
func (r Roots) interfaceSysctl(family, iface, setting string) (int, error) {
	iface = strings.ReplaceAll(iface, ".", "/")
	return r.SysctlInt("net." + family + ".conf." + iface + "." + setting)
}
