package nack

// HandOver moves the missing numbers of [from, to) to another Requester, which asks
// another responder for them.
func (r *Requester) HandOver(now Time, from, to uint64, other *Requester) {
	for from < to {
		p, _ := r.gaps.find(from)
		if !r.gaps.has(p) || r.gaps.at(p).From >= to {
			return
		}
		part, found := r.gaps.at(p).Clip(from, to), r.gaps.at(p).Found
		r.removed = r.Forget(part.From, part.To, r.removed[:0])
		other.TakeOver(now, found, part)
		from = part.To
	}
}

// TakeOver takes a run that was found missing at a time, and that another Requester asked
// for in vain. The run must not overlap a gap.
func (r *Requester) TakeOver(now, found Time, missing Range) {
	if missing.Len() == 0 {
		return
	}
	gap := Gap{Range: missing, Found: found, due: Never, since: Never,
		roomless: missing.From >= r.limit}
	if !r.cfg.Recovery.Off {
		gap.due = now.Add(r.draw(now))
	}
	r.gaps.add(gap)
	r.gaps.unordered = true
	r.next = min(r.next, gap.due)
	r.late = min(r.late, r.lateAt(&gap))
}

// Asked reports whether seq is missing and was asked for.
func (r *Requester) Asked(seq uint64) bool {
	p, found := r.gaps.find(seq)
	return found && r.gaps.at(p).tries > 0
}
