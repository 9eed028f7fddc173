package crash

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// traffic is what went over the loopback interface since the system started.
type traffic struct{ packets, bytes uint64 }

// loTraffic reads the counters of the loopback interface; they are 0 where there are none.
func loTraffic() (t traffic) {
	f, err := os.Open("/proc/net/dev")
	if err != nil {
		return t
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, rest, ok := strings.Cut(lines.Text(), ":")
		if list := strings.Fields(rest); ok && strings.TrimSpace(name) == "lo" && len(list) > 1 {
			t.bytes, _ = strconv.ParseUint(list[0], 10, 64)
			t.packets, _ = strconv.ParseUint(list[1], 10, 64)
		}
	}
	return t
}

// since notes the traffic since a time.
func (c *cost) since(before traffic) {
	now := loTraffic()
	c.Datagrams, c.Bytes = now.packets-before.packets, now.bytes-before.bytes
}

// resident returns how much memory a process has; 0 where the system doesn't tell.
func resident(pid int) uint64 {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if list := strings.Fields(lines.Text()); len(list) > 1 && list[0] == "VmRSS:" {
			n, _ := strconv.ParseUint(list[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// used returns the size of the files in a directory.
func used(dir string) (sum uint64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				sum += uint64(info.Size())
			}
		}
		return nil
	})
	return sum
}

// processor returns the processor time that a process took.
func processor(ended *os.ProcessState) time.Duration {
	if ended == nil {
		return 0
	}
	return ended.UserTime() + ended.SystemTime()
}
