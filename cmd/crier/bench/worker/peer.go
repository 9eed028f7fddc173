package worker

import (
	"io"

	"crier/cmd/crier/bench/job"
)

// A Peer is a system whose workers share messages: crier, or one that it is held against.
type Peer interface {
	// Serve starts a broker and returns its address.
	Serve(t *job.Task) (address string, by io.Closer, err error)
	// Publisher returns what a publisher sends by.
	Publisher(t *job.Task) (Carrier, error)
	// Member starts a worker. It calls handle for each message, one at a time, and acknowledges
	// it when that returns; again says that another worker may have had it. The payload is valid
	// until then.
	Member(t *job.Task, handle func(payload []byte, again bool)) (Member, error)
}

// A Carrier sends messages.
type Carrier interface {
	// Publish sends a batch, which is the caller's again once it returns.
	Publish(batch [][]byte) error
	// Flush returns when all have been sent.
	Flush() error
	Ready() *job.Ready
	// Into adds figures of its own to a result.
	Into(r *job.Result)
	Close() error
}

// A Member is a worker that receives.
type Member interface {
	Ready() *job.Ready
	// Into adds figures of its own to a result. It is called after Close.
	Into(r *job.Result)
	Close() error
}
