package frame

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The tag is a frame's last element: a bin of 4 bytes with the CRC32C (Castagnoli; RFC
// 3720, section 12.1) of all bytes before the element, in big endian.
const (
	tagSize = 2 + 4
	// tagGrowth is the room left in each DATA frame and in the REPAIR around it. An
	// authenticator of 16 bytes can later replace the checksum without changing how
	// messages are packed into frames.
	tagGrowth = 12
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendTag appends the tag of the frame that starts at b[start].
func appendTag(b []byte, start int) []byte {
	sum := crc32.Checksum(b[start:], castagnoli)
	b = append(b, msgpcode.Bin8, 4)
	return binary.BigEndian.AppendUint32(b, sum)
}

// checkTag returns the frame without its tag, and reports whether the tag is right.
func checkTag(packet []byte) ([]byte, bool) {
	n := len(packet) - tagSize
	if n < headerSize || packet[n] != msgpcode.Bin8 || packet[n+1] != 4 {
		return nil, false
	}
	sum := crc32.Checksum(packet[:n], castagnoli)
	return packet[:n], binary.BigEndian.Uint32(packet[n+2:]) == sum
}
