package cli

import "syscall"

// closedBefore says whether standard stream fd is what the Go runtime opens where it was
// closed: /dev/null, for reading and writing, not shared with another stream. Whoever
// starts a process with that on purpose mostly gives it to several of the streams.
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

// sameOpenFile says whether two descriptors are of one open file, by a flag that means
// nothing for /dev/null, which fd is: what is set of the one shows in the other.
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
