package multicast

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// ErrReceiveOnly says that a group socket was asked to send: its address is the
// group's, which no datagram may come from. Send with [Network.Socket].
var ErrReceiveOnly = errors.New("multicast: a group socket only receives; send with a unicast socket")

// ConfigError says which part of a configuration cannot be used, and what to do
// about it. The command line answers it as wrong usage.
type ConfigError struct {
	Field  string // what it is about: "group", "interface", "TTL"
	Value  string // what was given
	Reason string // what is wrong with it; and what to do
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("multicast: %s %s %s", e.Field, e.Value, e.Reason)
}

func badConfig(field string, value any, reason string, args ...any) error {
	v := fmt.Sprint(value)
	if s, ok := value.(string); ok && (s == "" || strings.ContainsAny(s, " \t\n")) {
		v = fmt.Sprintf("%q", s)
	}
	return &ConfigError{Field: field, Value: v, Reason: fmt.Sprintf(reason, args...)}
}

// hint says what an operator can do about a refused send or a failed open.
func hint(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return "see the error"
	}
	switch errno {
	case syscall.ENOBUFS:
		return "the interface's transmit queue is full: send slower, or lengthen the queue"
	case syscall.ENETDOWN:
		return "bring the interface up"
	case syscall.EPERM, syscall.EACCES:
		return "a firewall or a policy forbids it: allow UDP to this address"
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH:
		return "give the interface an address and a route that reach this address"
	case syscall.ECONNREFUSED:
		return "nobody listens at this address and port any more"
	case syscall.EMSGSIZE:
		return "use frames that fit the interface's MTU"
	case syscall.EAFNOSUPPORT:
		return "use an address of the group's family"
	case syscall.EINVAL, syscall.EADDRNOTAVAIL:
		return "check that the interface still has the socket's address, and that the destination is valid"
	}
	return "see the error"
}
