//go:build unix

package team

import "syscall"

// canPause says that processes can be paused here.
const canPause = true

func pause(pid int) error { return syscall.Kill(pid, syscall.SIGSTOP) }

func wake(pid int) error { return syscall.Kill(pid, syscall.SIGCONT) }
