package send

import (
	"slices"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/repair"
)

// unsent counts the DATA frames that the kernel refused, and that were not repeated
// since.
type unsent struct {
	frames uint64
	// runs are the batches in which there were some, ascending.
	runs []nack.Range
	// endLeft says that a BYE to the group was not refused.
	endLeft bool
}

// maxUnsent bounds the runs of batches with refused frames. Frames refused in further
// batches count as never sent, even if they are repeated.
const maxUnsent = 1024

// note takes the fate of a batch. Its DATA frames, if it has any, begin at first;
// repeated are the frames that it repeats.
func (u *unsent) note(b *outgoing, first uint64, repeated []repair.Repeated) {
	switch {
	case b.Refused == 0:
		u.endLeft = u.endLeft || b.kind == frame.Bye && !b.To.IsValid()
		for _, r := range repeated {
			u.repeated(r.Seq)
		}
	case b.frames > 0:
		u.frames += b.Refused
		if last := len(u.runs) - 1; last >= 0 && u.runs[last].To == first {
			u.runs[last].To += b.frames
		} else if len(u.runs) < maxUnsent {
			u.runs = append(u.runs, nack.Range{From: first, To: first + b.frames})
		}
	}
}

// repeated notes that a frame has left as a repair.
func (u *unsent) repeated(seq uint64) {
	for i, r := range u.runs {
		if !r.Contains(seq) {
			continue
		}
		u.frames -= min(u.frames, 1)
		before, after := nack.Range{From: r.From, To: seq}, nack.Range{From: seq + 1, To: r.To}
		switch {
		case before.Len() == 0 && after.Len() == 0:
			u.runs = slices.Delete(u.runs, i, i+1)
		case before.Len() == 0:
			u.runs[i] = after
		default:
			if u.runs[i] = before; after.Len() > 0 && len(u.runs) < maxUnsent {
				u.runs = slices.Insert(u.runs, i+1, after)
			}
		}
		return
	}
}
