//go:build unix

package firewall

import (
	"os/exec"
	"syscall"
)

// apart keeps a program out of this process's group: an interrupt at the terminal goes to the
// whole group, and would end it half way.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
