package jetstream

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"crier/multicast/files"
	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

var place = flag.String("place", "",
	"the `directory` to write in; default: one for temporary files")

// keep bounds both logs, in bytes: they are rings.
const keep = 1 << 30

// sizes are those of the messages, in bytes.
var sizes = []int{64, 1024}

// BenchmarkAppend writes messages, one call each, to JetStream's file store and to crier's log. A
// message counts once it was handed to the system, which has all of them at the end.
func BenchmarkAppend(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("jetstream/%dB", size), func(b *testing.B) {
			jetStream(b, size, server.FileStoreConfig{})
		})
		b.Run(fmt.Sprintf("jetstream-async/%dB", size), func(b *testing.B) {
			jetStream(b, size, server.FileStoreConfig{AsyncFlush: true})
		})
		b.Run(fmt.Sprintf("crier/%dB", size), func(b *testing.B) {
			crier(b, size, journal.Fsync{})
		})
		b.Run(fmt.Sprintf("crier-none/%dB", size), func(b *testing.B) {
			crier(b, size, journal.Fsync{Mode: journal.FsyncNone})
		})
	}
}

// folder returns an empty directory.
func folder(b *testing.B) string {
	dir, err := os.MkdirTemp(*place, "append")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// message returns a message of a size.
func message(size int) []byte {
	m := make([]byte, size)
	for i := range m {
		m[i] = byte(i * 7)
	}
	return m
}

// jetStream writes to JetStream's file store. It syncs every two minutes, as the server does by
// default, in blocks of the size that it chooses for so large a stream.
func jetStream(b *testing.B, size int, cfg server.FileStoreConfig) {
	cfg.StoreDir = folder(b)
	s, err := openFileStore(cfg, server.StreamConfig{Name: "bench", Subjects: []string{"bench"},
		Storage: server.FileStorage, MaxBytes: keep, Discard: server.DiscardOld})
	if err != nil {
		b.Fatal(err)
	}
	m := message(size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		binary.BigEndian.PutUint64(m, uint64(i))
		if err := s.store("bench", m); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.flush(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if err := s.stop(); err != nil {
		b.Fatal(err)
	}
}

// crier writes to a log: messages are packed into sealed frames, as a publisher packs them, and
// blocks of frames go to the log, as a recorder's do.
func crier(b *testing.B, size int, fsync journal.Fsync) {
	dir, err := files.Open(folder(b))
	if err != nil {
		b.Fatal(err)
	}
	l, _, err := journal.Open(dir, journal.Config{Keep: journal.Keep{Bytes: keep}, Fsync: fsync},
		time.Now().UnixNano())
	if err != nil {
		b.Fatal(err)
	}
	m := message(size)
	p := packer{log: l, data: make([]byte, 0, journal.MaxBlock)}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		binary.BigEndian.PutUint64(m, uint64(i))
		if err := p.add(m); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.flush(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	if err := dir.Close(); err != nil {
		b.Fatal(err)
	}
}

// packer packs messages into frames, and frames into blocks.
type packer struct {
	log    *journal.Log
	build  frame.Builder
	data   []byte // the block's frames
	sizes  []int32
	job    journal.Job
	seq    uint64 // of the open frame, or of the next
	first  uint64 // of the block
	offset uint64
	start  uint64 // the block's first offset
}

// add adds a message.
func (p *packer) add(m []byte) error {
	if !p.build.IsOpen() {
		p.open(p.offset)
	}
	if p.build.Fits(len(m)) {
		p.build.Add(m)
		p.offset++
		return nil
	}
	n := p.build.Start(m)
	if n == 0 { // there is no room for a part
		if err := p.seal(); err != nil {
			return err
		}
		return p.add(m)
	}
	for rest := m[n:]; len(rest) > 0; {
		if err := p.seal(); err != nil {
			return err
		}
		p.open(p.offset)
		rest = rest[p.build.Continue(rest):]
	}
	p.offset++
	return nil
}

// open opens a frame at the end of the block.
func (p *packer) open(offset uint64) {
	n := len(p.data)
	p.build.Open(p.data[n:n:n+frame.DataSize(1472)], 7, 0, p.seq, offset, p.seq*1000)
}

// seal seals the frame, and writes the block if no other frame has room in it.
func (p *packer) seal() error {
	f := p.build.Seal(true)
	p.data = p.data[:len(p.data)+len(f)]
	p.sizes = append(p.sizes, int32(len(f)))
	p.seq++
	if len(p.sizes) < journal.MaxFrames && cap(p.data)-len(p.data) >= frame.DataSize(1472) {
		return nil
	}
	return p.write()
}

// write writes the block.
func (p *packer) write() error {
	now := time.Now().UnixNano()
	p.job.Key = journal.Key{Session: 7}
	p.job.Records = append(p.job.Records[:0], journal.Record{
		Frames: nack.Range{From: p.first, To: p.seq}, Offset: p.start, EndOffset: p.offset,
		First: now, Last: now, Data: p.data, Sizes: p.sizes})
	res := p.log.Do(&p.job, now)
	p.data, p.sizes, p.first, p.start = p.data[:0], p.sizes[:0], p.seq, p.offset
	return res.Err
}

// flush writes what waits.
func (p *packer) flush() error {
	if p.build.IsOpen() {
		f := p.build.Seal(false)
		p.data = p.data[:len(p.data)+len(f)]
		p.sizes = append(p.sizes, int32(len(f)))
		p.seq++
	}
	if len(p.sizes) == 0 {
		return nil
	}
	return p.write()
}
