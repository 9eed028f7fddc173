package send

import (
	"time"

	"crier/nack"
	"crier/reliable"
)

// An offload that lies: some kernels and network cards damage each datagram that they
// cut out of one large write, where all are equally long, and no call fails. Their
// receivers drop them unseen. So a Sender tries: of a number of batches a random half is
// sent one datagram at a time. Who asks for all of the others, and for none of these,
// says that cutting is to blame. A word in STATUS would not do: the damage is in the UDP
// headers, so that no subscriber can count it, and one word would turn off everybody's. Nobody
// can tell from what arrives which batches were
// cut, so that one who lies would have to guess.

const (
	// trialSize is how many batches a trial has: of all ways to choose the half of
	// them, which are 601 million, one is right.
	trialSize = 32
	// trialDoubt is how many that were cut must be missing, and none of the others,
	// for nothing more to be cut until the trial is over.
	trialDoubt = 4
	// trialSettle is how long after its last batch it is judged, at the soonest: the
	// NACKs for the last ones must have come.
	trialSettle = 20 * time.Millisecond
	// trialWait is for how long after its last batch a trial is open.
	trialWait = 2 * time.Second
	// trialPause is the least time between the starts of two trials, and after one that
	// has shown something.
	trialPause = time.Second
)

// offload is what a Sender knows of whether its batches may be cut out of one write.
type offload struct {
	may  bool // they may be, as far as the socket says
	off  bool // that lies
	rand *nack.Rand

	open    bool // a trial is
	batches [trialSize]trial
	count   int           // of batches
	cut     int           // of these, those that were cut
	full    reliable.Time // when the last batch went out; Never before
	due     reliable.Time // no trial begins before
	doubt   bool
	trials  uint64
}

// trial is one batch of a trial.
type trial struct {
	nack.Range
	cut         bool
	first, last bool // its first and last frame were asked for
}

// begin begins a trial, unless there was one lately.
func (o *offload) begin(now reliable.Time) {
	if !o.may || o.off || now < o.due || o.open && (o.count < trialSize || o.missing() > 0) {
		return
	}
	o.open, o.count, o.cut, o.full, o.doubt = true, 0, 0, reliable.Never, false
	o.due = now.Add(trialPause)
	o.trials++
}

// OffloadOff says whether datagrams that are cut out of one write were found not to
// arrive: then all are sent one by one.
func (s *Sender) OffloadOff() bool { return s.offload.off }

// close ends the trial.
func (o *offload) close(now reliable.Time) {
	o.open, o.doubt, o.due = false, false, now.Add(trialPause)
}

// single says whether a batch of equally long frames is to be sent one by one.
func (o *offload) single(now reliable.Time, frames nack.Range) bool {
	o.judge(now)
	if o.off || !o.open || o.count == trialSize {
		return o.off || o.doubt
	}
	left := trialSize - o.count
	cut := o.rand.Below(uint64(left)) < uint64(trialSize/2-o.cut)
	o.batches[o.count] = trial{Range: frames, cut: cut}
	if o.count++; cut {
		o.cut++
	}
	if o.count == trialSize {
		o.full = now
	}
	return !cut
}

// asked takes what a NACK asks for, and judges.
func (o *offload) asked(now reliable.Time, ranges []nack.Range) {
	if !o.open {
		for _, r := range ranges {
			if r.Len() > 1 { // it may be a batch
				o.begin(now)
				break
			}
		}
		return
	}
	for i := range o.batches[:o.count] {
		b := &o.batches[i]
		for _, r := range ranges {
			b.first = b.first || r.Contains(b.From)
			b.last = b.last || r.Contains(b.To-1)
		}
	}
	o.judge(now)
}

// judge says what a trial has shown, and ends it if that is all.
func (o *offload) judge(now reliable.Time) {
	if !o.open {
		return
	}
	others := false
	for i := range o.batches[:o.count] {
		b := &o.batches[i]
		others = others || !b.cut && b.first && b.last
	}
	missing := o.missing()
	switch {
	case others: // what is lost is lost either way
		o.close(now)
	case missing == trialSize/2 && o.full != reliable.Never && now >= o.full.Add(trialSettle):
		o.off = true
		o.close(now)
	case o.full != reliable.Never && now >= o.full.Add(trialWait):
		o.open, o.doubt = false, false
	case missing >= trialDoubt:
		o.doubt = true
	}
}

// repairsSingle says whether repairs are to be sent one by one: where batches are
// missing that were cut, they would be as well.
func (o *offload) repairsSingle() bool {
	return o.off || o.doubt || o.open && o.missing() > 0
}

// missing returns how many batches that were cut are missing.
func (o *offload) missing() (n int) {
	for i := range o.batches[:o.count] {
		if b := &o.batches[i]; b.cut && b.first && b.last {
			n++
		}
	}
	return n
}
