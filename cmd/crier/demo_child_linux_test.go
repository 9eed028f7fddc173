package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Processes of a demo that is killed end with it.
func TestDemoKilled(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // it can't remove what it leaves there
	testGroup(t)                    // skips where there is no loopback interface
	demo := spawn(t, nil, "demo", "--net", "lo")
	demo.await(demo.out, "500 ms", 1)
	children := childrenOf(demo.cmd.Process.Pid)
	if len(children) != 4 {
		t.Fatalf("it has the processes %v", children)
	}
	demo.signal(syscall.SIGKILL)
	<-demo.ended
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range children {
		for alive(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %s goes on", pid)
			}
			runtime.Gosched()
		}
	}
}

// childrenOf lists a process's children.
func childrenOf(pid int) []string {
	var all []string
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		all = append(all, strings.Fields(string(b))...)
	}
	return all
}

// alive says whether a process runs: one that has ended may wait for its parent.
func alive(pid string) bool {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}
