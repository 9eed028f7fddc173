//go:build unix

package firewall

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A program that doesn't answer in time is named, and not the signal that ended it.
func TestReadersAreBounded(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err = output(ctx, sleep, "60"); err == nil ||
		!strings.Contains(err.Error(), "sleep took longer than 1s") {
		t.Errorf("the error is %v", err)
	}
}

// A program that reads the rules isn't interrupted by what interrupts this process at a
// terminal: it has a process group of its own.
func TestReadersAreApart(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	data, err := output(context.Background(), sh, "-c",
		"cut -d' ' -f5 /proc/$$/stat || ps -o pgid= $$")
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
