package multicast

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// Windows has other numbers for errors than package syscall names there.
func TestErrorsOfWindows(t *testing.T) {
	for number, want := range map[syscall.Errno]string{
		10050: "bring the interface up", 10040: "the interface's MTU",
		10055: "send slower", 10013: "a firewall",
		5000: "see the error",
	} {
		err := &net.OpError{Op: "write", Err: os.NewSyscallError("wsasendto", number)}
		if got := hint(err); !strings.Contains(got, want) {
			t.Errorf("of %d it says %q, want %q", number, got, want)
		}
	}
	if err := os.NewSyscallError("bind", syscall.Errno(10048)); errnoOf(err) != syscall.EADDRINUSE {
		t.Errorf("a port that is in use is error %d", errnoOf(err))
	}
	if errno := errnoOf(os.ErrClosed); errno != 0 {
		t.Errorf("an error that is not the system's has number %d", errno)
	}
}
