//go:build unix

package firewall

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A program that reads the rules isn't interrupted by what interrupts this process at a
// terminal: it has a process group of its own.
func TestReadersAreApart(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	data, err := output(context.Background(), sh, "-c", "cut -d' ' -f5 /proc/$$/stat || ps -o pgid= $$")
	if err != nil {
		t.Skip("the process group can't be asked for:", err)
	}
	group, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Skip("the process group can't be asked for:", err)
	}
	if group == syscall.Getpgrp() {
		t.Error("it is in this process's group")
	}
}
