package coordinator

import (
	"syscall"
	"unsafe"
)

// cpuSet is the kernel's cpu_set_t: 1,024 bits.
type cpuSet [1024 / 64]uint64

// pin restricts this thread, and the processes that it starts, to one processor.
func pin(cpu int) error {
	var set cpuSet
	set[cpu/64] |= 1 << (cpu % 64)
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(set),
		uintptr(unsafe.Pointer(&set)))
	if errno != 0 {
		return errno
	}
	return nil
}

// processors are those that this process may use.
func processors() []int {
	var set cpuSet
	n, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(set),
		uintptr(unsafe.Pointer(&set)))
	if errno != 0 {
		return nil
	}
	var list []int
	for cpu := range int(n) * 8 {
		if set[cpu/64]&(1<<(cpu%64)) != 0 {
			list = append(list, cpu)
		}
	}
	return list
}
