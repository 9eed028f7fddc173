package cli

import "syscall"

// closedBefore reports whether standard stream fd is the /dev/null that the Go runtime opens
// in place of a closed one: for reading and writing, not shared with another stream. A
// process that is given /dev/null on purpose mostly has it as several of its streams.
func closedBefore(fd int) bool {
	var this, null syscall.Stat_t
	if syscall.Fstat(fd, &this) != nil || syscall.Stat("/dev/null", &null) != nil ||
		this.Mode&syscall.S_IFMT != syscall.S_IFCHR || this.Rdev != null.Rdev {
		return false
	}
	if flags, ok := fileFlags(fd); !ok || flags&syscall.O_ACCMODE != syscall.O_RDWR {
		return false
	}
	for other := range 3 {
		if other != fd && sameOpenFile(fd, other) {
			return false
		}
	}
	return true
}

// sameOpenFile reports whether two descriptors share one open file. It flips O_APPEND, which
// means nothing for /dev/null, in one of them and looks for it in the other.
func sameOpenFile(fd, other int) bool {
	before, ok := fileFlags(fd)
	was, ok2 := fileFlags(other)
	if !ok || !ok2 || was != before {
		return false
	}
	setFileFlags(fd, before^syscall.O_APPEND)
	is, _ := fileFlags(other)
	setFileFlags(fd, before)
	return is != was
}

func fileFlags(fd int) (int, bool) {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	return int(flags), errno == 0
}

func setFileFlags(fd, flags int) {
	syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_SETFL, uintptr(flags))
}
