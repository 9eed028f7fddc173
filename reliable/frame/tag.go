package frame

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The tag is a frame's last element: a bin of 4 bytes, the CRC32C (Castagnoli)
// of all bytes before the element, big endian.
const (
	tagSize = 2 + 4
	// tagGrowth is kept free in each DATA frame and in the REPAIR around it, so
	// that an authenticator of 16 bytes can replace the checksum without
	// changing how messages fall into frames.
	tagGrowth = 12
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendTag closes the frame that starts at b[start].
func appendTag(b []byte, start int) []byte {
	sum := crc32.Checksum(b[start:], castagnoli)
	b = append(b, msgpcode.Bin8, 4)
	return binary.BigEndian.AppendUint32(b, sum)
}

// checkTag returns the frame without its tag, and false if the tag is wrong.
func checkTag(packet []byte) ([]byte, bool) {
	n := len(packet) - tagSize
	if n < headerSize || packet[n] != msgpcode.Bin8 || packet[n+1] != 4 {
		return nil, false
	}
	sum := crc32.Checksum(packet[:n], castagnoli)
	return packet[:n], binary.BigEndian.Uint32(packet[n+2:]) == sum
}
