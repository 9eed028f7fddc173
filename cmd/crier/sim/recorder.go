package sim

import (
	"fmt"

	"crier/cmd/crier/cli"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/testnet/world"
)

// recorderOf returns the figures of the recorder that a process is, or nil.
func (m *meter) recorderOf(sub *world.Subscriber) *recorder {
	if sub == nil {
		return nil
	}
	for i, rec := range m.run.World().Recorders() {
		if rec.Subscriber == sub {
			return m.r.Recorders[i]
		}
	}
	return nil
}

// sent counts what a recorder sends.
func (r *recorder) sent(f *frame.Frame) {
	switch f.Kind {
	case frame.Repair:
		r.Repairs++
		r.RepairBytes += uint64(len(f.Raw))
	case frame.Digest:
		r.Digests++
	case frame.Nack:
		r.Nacks++
	}
}

// arrived counts what reaches recorders.
func (m *meter) arrived(d *world.Datagram, sub *world.Subscriber) {
	if r := m.recorderOf(sub); r != nil && d.Frame != nil && d.Frame.Kind == frame.Nack {
		r.Asked++
	}
}

// disk counts what is written to a log.
func (m *meter) disk(rec *world.Recorder, job *journal.Job, res *journal.Result) {
	r := m.recorderOf(rec.Subscriber)
	for i := range job.Records {
		one := &job.Records[i]
		if one.Data == nil || one.Frames.To > res.State.Next.Seq {
			continue
		}
		r.Frames += one.Frames.Len()
		r.FrameBytes += uint64(len(one.Data))
	}
}

// finish notes what the log has in the end.
func (r *recorder) finish(rec *world.Recorder) {
	r.Starts = rec.Lives()
	log := rec.Log()
	if log == nil {
		return
	}
	for _, st := range log.States() {
		r.Sessions++
		r.LogBytes += st.Bytes
		for _, hole := range st.Holes {
			r.Holes += hole.Clip(st.Oldest.Seq, st.Next.Seq).Len()
		}
	}
}

// recorderText tells what a recorder wrote and served.
func recorderText(r *recorder) string {
	starts := ""
	if r.Starts > 1 {
		starts = fmt.Sprintf(", started %d times,", r.Starts)
	}
	holes := ""
	if r.Holes > 0 {
		holes = fmt.Sprintf(", which lacks %s by name", cli.Counted(r.Holes, "frame", "frames"))
	}
	return fmt.Sprintf("%s%s recorded %s (%s), has %s of log%s, repeated %s, and got %s", r.Name,
		starts, cli.Counted(r.Frames, "frame", "frames"), cli.Bytes(r.FrameBytes),
		cli.Bytes(uint64(r.LogBytes)), holes, cli.Grouped(r.Repairs),
		cli.Counted(r.Asked, "NACK", "NACKs"))
}
