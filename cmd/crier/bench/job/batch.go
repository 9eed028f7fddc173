package job

const (
	// batchBytes and batchMost bound what a publisher that is flat out hands over
	// at once.
	batchBytes = 32 << 10
	batchMost  = 256
)

// BatchOf returns how many messages of a size are handed over at once.
func BatchOf(size int) int { return max(1, min(batchMost, batchBytes/max(size, 1))) }

const (
	// StampSize is the room that a due time takes in a message, and NumberSize
	// what a bare message's number takes after it.
	StampSize  = 8
	NumberSize = 8
)

// FloodBatch is how many datagrams are handed over at once, but for SendPlain.
const FloodBatch = 64
