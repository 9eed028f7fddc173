package jetstream

import (
	"unsafe"

	"github.com/nats-io/nats-server/v2/server"
)

// A fileStore is JetStream's file store, by itself. The server doesn't export it: through the
// server and its protocol it would be slower.
type fileStore struct{ p unsafe.Pointer }

// openFileStore opens a file store for a stream.
func openFileStore(cfg server.FileStoreConfig, stream server.StreamConfig) (fileStore, error) {
	p, err := newFileStore(cfg, stream)
	return fileStore{p}, err
}

// store stores a message.
func (s fileStore) store(subject string, message []byte) error {
	_, _, err := storeMsg(s.p, subject, nil, message, 0)
	return err
}

// flush writes what waits.
func (s fileStore) flush() error { return flushAllPending(s.p) }

// stop closes the store.
func (s fileStore) stop() error { return stop(s.p) }

//go:linkname newFileStore github.com/nats-io/nats-server/v2/server.newFileStore
func newFileStore(cfg server.FileStoreConfig, stream server.StreamConfig) (unsafe.Pointer, error)

//go:linkname storeMsg github.com/nats-io/nats-server/v2/server.(*fileStore).StoreMsg
func storeMsg(s unsafe.Pointer, subject string, head, message []byte, ttl int64) (uint64, int64,
	error)

//go:linkname flushAllPending github.com/nats-io/nats-server/v2/server.(*fileStore).FlushAllPending
func flushAllPending(s unsafe.Pointer) error

//go:linkname stop github.com/nats-io/nats-server/v2/server.(*fileStore).Stop
func stop(s unsafe.Pointer) error
