//go:build !unix

package firewall

import "os/exec"

// apart keeps a program out of this process's group, where there are such.
func apart(*exec.Cmd) {}
