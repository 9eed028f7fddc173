package files

import (
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A writer keeps the vectors of a file's writes.
type writer struct {
	vectors []unix.Iovec
}

// maxVectors is the largest number of pieces of one system call.
const maxVectors = 1024

// write writes pieces one behind the other with one system call, or one more for each
// part that the system leaves.
func (w *writer) write(f *os.File, at int64, pieces [][]byte) error {
	fd := f.Fd()
	for len(pieces) > 0 {
		n := min(len(pieces), maxVectors)
		w.vectors = w.vectors[:0]
		size := int64(0)
		for _, b := range pieces[:n] {
			if len(b) == 0 {
				continue
			}
			v := unix.Iovec{Base: &b[0]}
			v.SetLen(len(b))
			w.vectors = append(w.vectors, v)
			size += int64(len(b))
		}
		vectors := w.vectors
		for size > 0 {
			got, _, errno := unix.Syscall6(unix.SYS_PWRITEV, fd,
				uintptr(unsafe.Pointer(&vectors[0])), uintptr(len(vectors)),
				uintptr(at), uintptr(uint64(at)>>32), 0)
			switch {
			case errno == unix.EINTR:
				continue
			case errno != 0:
				clear(w.vectors)
				return os.NewSyscallError("pwritev", errno)
			case got == 0:
				clear(w.vectors)
				return io.ErrShortWrite
			}
			at += int64(got)
			size -= int64(got)
			for left := uint64(got); left > 0; {
				if have := uint64(vectors[0].Len); left < have {
					vectors[0].Base = (*byte)(unsafe.Add(unsafe.Pointer(vectors[0].Base), left))
					vectors[0].SetLen(int(have - left))
					break
				} else {
					left -= have
					vectors = vectors[1:]
				}
			}
		}
		clear(w.vectors)
		pieces = pieces[n:]
	}
	return nil
}

// syncData makes a file's content survive a loss of power, and what is needed to find it.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
