package publisher

import (
	"context"

	"crier/reliable"
)

// Recorded selects what Publisher.Recorded waits for.
type Recorded struct {
	// Recorders is the number of recorders that must hold a message; 0 means 1.
	Recorders int
	// Synced asks for what survives the loss of a recorder's power. Otherwise it is enough
	// that a message survives the end of the recorder's process.
	Synced bool
}

// Recorded returns when enough recorders hold the message at offset and all before it, as
// Config.Recorded says, or ctx ends. The Publisher's own log (Config.Record) counts as one of
// them, unless it lacks some of these messages: Record.Wait keeps it whole. A recorder's word
// covers what its log has, and what that names as missing since nobody held it any more.
// Recorders report quickly while somebody waits. Whoever can send to the publisher can say that
// it is a recorder: Config.Recorders names those that count.
//
// The error is ErrClosed if the Publisher is closed first, an *UnpublishedError for an
// offset that no message has yet, a *RecordersError if for Flow.StallTimeout there were too
// few recorders, or the error of ctx.
func (p *Publisher) Recorded(ctx context.Context, offset uint64) error {
	return p.RecordedAt(ctx, Place{Offset: offset})
}

// RecordedAt is Recorded for a message of a partition.
func (p *Publisher) RecordedAt(ctx context.Context, at Place) error {
	if int(at.Partition) >= len(p.lanes.list) {
		return &PartitionError{Partition: at.Partition, Partitions: len(p.lanes.list)}
	}
	st, offset := p.lanes.list[at.Partition].stream, at.Offset
	p.loop.Lock()
	defer p.loop.Unlock()
	if next := st.NextOffset(); offset >= next {
		return &UnpublishedError{Offset: offset, Next: next}
	}
	target, want := st.End(offset), p.cfg.Recorded
	there, holding := st.Holding(target, want.Synced)
	if holding >= want.Recorders {
		return nil
	}
	st.Flush()
	st.AwaitRecorders(reliable.Time(p.loop.Now()), true)
	defer func() { st.AwaitRecorders(reliable.Time(p.loop.Now()), false) }()
	p.progress.untaken++
	defer func() { p.progress.untaken-- }()
	patience, cancel := context.WithTimeout(ctx, p.cfg.Flow.StallTimeout)
	defer cancel()
	for holding < want.Recorders {
		until := ctx
		if there < want.Recorders {
			until = patience
		}
		err := p.wait(until)
		there, holding = st.Holding(target, want.Synced)
		switch {
		case err == nil || holding >= want.Recorders:
		case err != ErrClosed && ctx.Err() == nil:
			return &RecordersError{There: there, Needed: want.Recorders}
		default:
			return err
		}
	}
	return nil
}
