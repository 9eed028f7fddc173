package cli

import (
	"bufio"
	"fmt"
	"math"
	"os"
)

// CheckMemory returns an error if the machine has less memory than a flag asks for, since
// allocating it would end the process.
func CheckMemory(flag string, n Size) error {
	most := machineMemory()
	if int64(n) > most {
		return Usagef("%s %v is more memory than this machine has, %v: give less", flag, n,
			Size(most&^(1<<20-1)))
	}
	return nil
}

// machineMemory returns the machine's memory in bytes, or a bound of the address space where
// the system doesn't tell.
func machineMemory() int64 {
	most := int64(min(uint64(math.MaxInt/2), 1<<40))
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return most
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var kib int64
		if n, _ := fmt.Sscanf(lines.Text(), "MemTotal: %d kB", &kib); n == 1 && kib > 0 {
			return min(most, kib<<10)
		}
	}
	return most
}
