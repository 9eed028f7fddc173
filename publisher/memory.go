package publisher

import (
	"fmt"
	"unsafe"

	"crier/multicast"
	"crier/reliable/send"
)

// memory is what a resend buffer and its index lie in.
type memory struct {
	frames, index *multicast.Reserved
}

// reserve gives a Sender memory that is taken from the machine only as it is used.
// The Publisher keeps it for as long as the Sender may touch it.
func reserve(cfg *send.Config) (memory, error) {
	frames, index := cfg.RingSize()
	var m memory
	var err error
	if m.frames, err = multicast.Reserve(frames); err == nil {
		m.index, err = multicast.Reserve(index * int(unsafe.Sizeof(send.FrameMeta{})))
	}
	if err != nil {
		return memory{}, fmt.Errorf("publisher: no memory for a resend buffer of %d bytes: %w; give ResendBuffer less", cfg.ResendBuffer, err)
	}
	cfg.Memory.Frames = m.frames.Bytes()
	cfg.Memory.Index = unsafe.Slice((*send.FrameMeta)(unsafe.Pointer(unsafe.SliceData(m.index.Bytes()))), index)
	return m, nil
}
