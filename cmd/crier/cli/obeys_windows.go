package cli

import (
	"os"
	"syscall"
)

// virtualTerminal makes a console of Windows obey escape sequences, as terminals elsewhere do.
const virtualTerminal = 0x4

var setConsoleMode = syscall.NewLazyDLL("kernel32.dll").NewProc("SetConsoleMode")

// obeys reports whether a console takes escape sequences, which it asks for.
func obeys(f *os.File) bool {
	var mode uint32
	if syscall.GetConsoleMode(syscall.Handle(f.Fd()), &mode) != nil {
		return false
	}
	ok, _, _ := setConsoleMode.Call(f.Fd(), uintptr(mode|virtualTerminal))
	return ok != 0
}
