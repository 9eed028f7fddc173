package frame

import "github.com/vmihailenco/msgpack/v5/msgpcode"

// probeKey is the key of a probe among the properties of a STATUS. It is a fixint.
const probeKey = 100

// ProbeSize returns the size of the frame of a probe of n bytes.
func ProbeSize(n int) int {
	const without = headerSize + 4*9 + 2 + 2*9 + 1 + 1 + tagSize
	if n < 1<<8 {
		return without + 2 + n
	}
	return without + 3 + n
}

// AppendProbe appends a STATUS that only carries a probe: any bytes, for which the frame fits
// in a datagram. The session is no publisher's: publishers and subscribers drop the frame, and a
// network treats it as any other of crier's.
func (e *Encoder) AppendProbe(dst []byte, session uint64, probe []byte) []byte {
	start := len(dst)
	e.begin(dst, Status, 0, session, 0)
	e.u64s(0, 0, 0, 0)
	e.bin(nil)
	e.u64s(0, 0)
	_ = e.enc.EncodeMapLen(1)
	_ = e.enc.EncodeUint(probeKey)
	e.bin(probe)
	return e.end(start)
}

// Probe returns the probe that a STATUS carries, as a view of the datagram.
func (f *Frame) Probe() ([]byte, bool) {
	p := f.Properties
	if f.Kind != Status || len(p) < 4 || p[0] != msgpcode.FixedMapLow|1 || p[1] != probeKey {
		return nil, false
	}
	switch p[2] {
	case msgpcode.Bin8:
		return p[4:], true // Decode has checked the length
	case msgpcode.Bin16:
		return p[5:], true
	}
	return nil, false
}
