package multicast

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"crier/reliable/config"
)

// ErrReceiveOnly reports a write to a group socket. Its address is the group's, which no
// datagram may come from. Write to a socket from [Network.Socket].
var ErrReceiveOnly = errors.New(
	"multicast: a group socket only receives; send with a unicast socket")

// ConfigError names the part of a configuration that cannot be used, such as "interface", and
// a remedy.
type ConfigError = config.Error

func badConfig(field string, value any, reason string, args ...any) error {
	v := fmt.Sprint(value)
	if s, ok := value.(string); ok && (s == "" || strings.ContainsAny(s, " \t\n")) {
		v = fmt.Sprintf("%q", s)
	}
	return &ConfigError{Field: field, Value: v, Reason: fmt.Sprintf(reason, args...)}
}

// winsock maps the numbers that Windows gives to socket errors to package syscall's names,
// which have other numbers there.
var winsock = map[syscall.Errno]syscall.Errno{
	10013: syscall.EACCES, 10040: syscall.EMSGSIZE, 10047: syscall.EAFNOSUPPORT,
	10048: syscall.EADDRINUSE,
	10049: syscall.EADDRNOTAVAIL, 10050: syscall.ENETDOWN, 10051: syscall.ENETUNREACH,
	10055: syscall.ENOBUFS, 10061: syscall.ECONNREFUSED, 10065: syscall.EHOSTUNREACH,
}

// errnoOf returns the system's error that err wraps, by the name that all systems share, or
// 0 if there is none.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	errors.As(err, &errno)
	if named, ok := winsock[errno]; ok {
		return named
	}
	return errno
}

// hint returns what an operator can do about a refused send or a failed open.
func hint(err error) string {
	switch errnoOf(err) {
	case syscall.ENOBUFS:
		return "the interface's transmit queue is full: send slower, or lengthen the queue"
	case syscall.ENETDOWN:
		return "bring the interface up"
	case syscall.EPERM, syscall.EACCES:
		return "a firewall or a policy forbids it: allow UDP to this address"
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH:
		return "give the interface an address and a route that reach this address"
	case syscall.ECONNREFUSED:
		return "no program listens at this address and port any more"
	case syscall.EMSGSIZE:
		return "use frames that fit the interface's MTU"
	case syscall.EAFNOSUPPORT:
		return "use an address of the group's family"
	case syscall.EINVAL, syscall.EADDRNOTAVAIL:
		return "check that the interface still has the socket's address, " +
			"and that the destination is valid"
	}
	return "see the error"
}
