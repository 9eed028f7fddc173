package bench

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// deviceBytes is what a process has read from storage, and what it gave the kernel to
// write there: of that, what is deleted before it is written back never gets there.
type deviceBytes struct{ Written, Read uint64 }

func (d deviceBytes) less(before deviceBytes) deviceBytes {
	return deviceBytes{d.Written - before.Written, d.Read - before.Read}
}

// deviceUse is this process's so far, as /proc/self/io has it.
func deviceUse() deviceBytes {
	var d deviceBytes
	b, _ := os.ReadFile("/proc/self/io") // not there: nothing is known
	for line := range strings.Lines(string(b)) {
		switch name, value, _ := strings.Cut(line, ":"); name {
		case "write_bytes":
			fmt.Sscan(value, &d.Written)
		case "read_bytes":
			fmt.Sscan(value, &d.Read)
		}
	}
	return d
}

// freeBytes is how much more a directory's file system takes.
func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
