package publisher

import (
	"fmt"
	"unsafe"

	"crier/multicast/memory"
	"crier/reliable/send"
	"crier/reliable/store"
)

// ringMemory holds a resend buffer and its index.
type ringMemory struct {
	frames, index *memory.Region
}

// reserve reserves the memory of a Sender's resend buffer. The machine commits it page by
// page, as it is used. The Publisher keeps a reference, since the Sender's slices don't
// keep the mappings alive.
func reserve(cfg *send.Config) (ringMemory, error) {
	frames, index := cfg.RingSize()
	var m ringMemory
	var err error
	if m.frames, err = memory.Reserve(frames); err == nil {
		m.index, err = memory.Reserve(index * int(unsafe.Sizeof(store.Meta{})))
	}
	if err != nil {
		return ringMemory{},
			fmt.Errorf("Retention.ResendBuffer: no memory for a resend buffer of %d bytes: %w; "+
				"give less",
				cfg.Retention.ResendBuffer, err)
	}
	cfg.Ring.Frames = m.frames.Bytes()
	cfg.Ring.Index = unsafe.Slice((*store.Meta)(unsafe.Pointer(unsafe.SliceData(m.index.Bytes()))),
		index)
	return m, nil
}
