package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crier/subscriber"
)

// place names a message.
type place struct {
	session   string
	partition uint32
	offset    uint64
}

// note is a line of a worker's log.
type note struct {
	// kind is begin, end, assigned, revoking, revoked, loss, or start and leave, of the worker.
	kind string
	at   int64 // when it was written, in nanoseconds since the Unix epoch
	place
	epoch   uint64
	attempt uint32
	orphan  bool
	// sent is when the publisher accepted the message, in nanoseconds since the Unix epoch.
	sent int64
	// more is the checksum of a message, the reason of a revoked, or the number of messages of a
	// loss.
	more uint64
}

// noteForm is the form of a note: one line, and one write to its file, which a kill doesn't tear.
const noteForm = "%s %d %s %d %d %d %d %t %d %d\n"

// noteOf returns the note of an event.
func noteOf(kind string, ev *subscriber.Event) note {
	n := note{kind: kind, place: place{ev.Session.String(), ev.Partition, ev.Offset},
		epoch: ev.Epoch(), attempt: ev.Attempt(), orphan: ev.Orphan()}
	switch ev.Kind {
	case subscriber.Message:
		n.more = uint64(crc32.ChecksumIEEE(ev.Payload))
		if !ev.Sent.IsZero() {
			n.sent = ev.Sent.UnixNano()
		}
	case subscriber.Loss:
		n.offset, n.more = ev.Lost.From, ev.Lost.Len()
	case subscriber.Revoked:
		n.more = uint64(ev.Revocation)
	}
	return n
}

// logbook is the file of a worker's log.
type logbook struct {
	file *os.File
	line []byte
}

func openLogbook(path string) (*logbook, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &logbook{file: f}, err
}

// write adds a note, with the time.
func (j *logbook) write(n note) error {
	if n.session == "" {
		n.session = "-"
	}
	j.line = fmt.Appendf(j.line[:0], noteForm, n.kind, time.Now().UnixNano(), n.session, n.partition,
		n.offset, n.epoch, n.attempt, n.orphan, n.sent, n.more)
	_, err := j.file.Write(j.line)
	return err
}

// diary is what a life of a worker left.
type diary struct {
	name  string // of the file: the worker's name and the life's number
	notes []note
}

// readDiaries reads the logs in a directory.
func readDiaries(t *testing.T, dir string) (list []*diary) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := &diary{name: filepath.Base(path)}
		for line := range bytes.Lines(text) {
			var n note
			if _, err := fmt.Sscanf(string(line), noteForm, &n.kind, &n.at, &n.session, &n.partition,
				&n.offset, &n.epoch, &n.attempt, &n.orphan, &n.sent, &n.more); err != nil {
				t.Fatalf("%s: %q: %v", path, line, err)
			}
			d.notes = append(d.notes, n)
		}
		list = append(list, d)
	}
	return list
}
