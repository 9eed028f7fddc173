package job

const (
	// batchBytes and batchMost bound a batch of a publisher that is flat out.
	batchBytes = 32 << 10
	batchMost  = 256
)

// BatchOf returns the number of messages of a size that are published together.
func BatchOf(size int) int { return max(1, min(batchMost, batchBytes/max(size, 1))) }

const (
	// StampSize is the size of a due time in a message, and NumberSize that of a bare
	// message's number, which follows.
	StampSize  = 8
	NumberSize = 8
)

// FloodBatch is the number of datagrams that are sent together, except by SendPlain.
const FloodBatch = 64
