// Package logtest writes logs for the tests of commands that read them.
package logtest

import (
	"fmt"
	"testing"
	"time"

	"crier/multicast/files"
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

// Begin is when the sessions of a log began.
var Begin = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// Step is the time from frame to frame.
const Step = 10 * time.Millisecond

// Log is a log that is being written.
type Log struct {
	*journal.Log
	Begin time.Time // when its sessions began
	t     testing.TB
	dir   *files.Dir
}

// New opens a log to write in a directory, in segments of 4 KiB.
func New(t testing.TB, path string) *Log {
	t.Helper()
	dir, err := files.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := journal.Open(dir, journal.Config{Segment: journal.MinSegment}, Begin.UnixNano())
	if err != nil {
		t.Fatal(err)
	}
	return &Log{l, Begin, t, dir}
}

// Close ends the writing.
func (l *Log) Close() {
	l.t.Helper()
	if err := l.Log.Close(); err != nil {
		l.t.Error(err)
	}
	if err := l.dir.Close(); err != nil {
		l.t.Error(err)
	}
}

// Do does a job, which must not fail.
func (l *Log) Do(job *journal.Job) *journal.Result {
	l.t.Helper()
	res := l.Log.Do(job, Begin.UnixNano())
	if res.Err != nil {
		l.t.Fatal(res.Err)
	}
	return res
}

// Message returns the message with an offset.
func Message(offset uint64) string { return fmt.Sprintf("message %d", offset) }

// Properties returns the key and the headers of the message with an offset.
func Properties(offset uint64) frame.Properties {
	p, err := frame.AppendProperties(nil, fmt.Append(nil, "key ", offset%7), []frame.MessageHeader{
		{Name: "n", Value: fmt.Append(nil, offset)}, {Name: "raw", Value: []byte{0, 255}}})
	if err != nil {
		panic(err)
	}
	return p
}

// Session writes a session: one message a frame, with the offset of the frame's number and first,
// ten frames a block. Frames in a hole are left out.
func (l *Log) Session(id uint64, title *reliable.Title, frames uint64, hole nack.Range,
	end *journal.End) {
	l.t.Helper()
	l.Tape(journal.Key{Session: id}, title, frames, hole, end)
}

// Tape writes a partition of a session as Session does. In others than 0 the message with an offset
// has the Properties of that.
func (l *Log) Tape(key journal.Key, title *reliable.Title, frames uint64, hole nack.Range,
	end *journal.End) {
	l.t.Helper()
	if title != nil {
		title.Wall = l.Begin.UnixNano()
		l.Do(&journal.Job{Key: key, Title: title})
	}
	first := uint64(0)
	if title != nil {
		first = title.FirstOffset
	}
	for seq := uint64(0); seq < frames; {
		to := min(frames, seq+10)
		switch {
		case hole.Contains(seq):
			l.Do(&journal.Job{Key: key, Records: []journal.Record{{Frames: hole,
				Offset: first + hole.From, EndOffset: first + hole.To,
				Hole: &journal.Hole{Cause: reliable.CauseUnanswered}}}})
			seq = hole.To
			continue
		case seq < hole.From:
			to = min(to, hole.From)
		}
		l.Do(&journal.Job{Key: key, Sync: true,
			Records: []journal.Record{l.record(key, seq, to, first)}})
		seq = to
	}
	if end != nil {
		end.Seq, end.Offset = frames, first+frames
		l.Do(&journal.Job{Key: key, Records: []journal.Record{{End: end,
			Frames: nack.Range{From: frames, To: frames}, Offset: end.Offset,
			EndOffset: end.Offset}}})
	}
}

// record makes a record of the frames [from, to).
func (l *Log) record(key journal.Key, from, to, first uint64) journal.Record {
	at := func(seq uint64) int64 { return l.Begin.Add(time.Duration(seq) * Step).UnixNano() }
	rec := journal.Record{Frames: nack.Range{From: from, To: to}, Offset: first + from,
		EndOffset: first + to, First: at(from), Last: at(to - 1)}
	var b frame.Builder
	for seq := from; seq < to; seq++ {
		b.Open(make([]byte, 0, 200), key.Session, key.Channel, seq, first+seq,
			seq*uint64(Step))
		var p frame.Properties
		if key.Channel != 0 {
			p = Properties(first + seq)
		}
		b.AddWith(p, []byte(Message(first+seq)))
		f := b.Seal(false)
		rec.Data = append(rec.Data, f...)
		rec.Sizes = append(rec.Sizes, int32(len(f)))
	}
	return rec
}
