package send

import (
	"time"

	"crier/nack"
	"crier/reliable"
)

// Some kernels and network cards damage each datagram that they cut out of one large write of
// datagrams of equal length, and no call fails. The receivers drop the datagrams unseen. A
// Sender therefore runs trials: a random half of a number of batches is sent one datagram at a
// time. A subscriber that asks for all of the other batches, and for none of these, shows that
// cutting is to blame. A flag in STATUS would not do. The damage is in the UDP headers, so no
// subscriber can count it, and a single flag would turn off offload for everybody. Which
// batches were cut can't be told from what arrives, so a liar would have to guess.

const (
	// trialSize is the number of batches in a trial. Of all 601 million ways to choose
	// half of them, one is right.
	trialSize = 32
	// trialDoubt is how many batches that were cut must be missing, and none of the
	// others, for cutting to stop until the trial is over.
	trialDoubt = 4
	// trialSettle is the least time from the last batch to the verdict: the NACKs for the
	// last batches must have come.
	trialSettle = 20 * time.Millisecond
	// trialWait is how long a trial stays open after its last batch.
	trialWait = 2 * time.Second
	// trialPause is the least time between the starts of two trials, and from a verdict
	// to the next trial.
	trialPause = time.Second
)

// offload finds out whether batches may be cut out of one write.
type offload struct {
	// may says that the socket allows it.
	may bool
	// off says that a trial has shown damage.
	off  bool
	rand *nack.Rand

	// open says that a trial is open.
	open    bool
	batches [trialSize]trial
	// count is the number of batches so far, and cut the number of those that were cut.
	count int
	cut   int
	// full is when the last batch went out; Never before.
	full reliable.Time
	// due is when the next trial may begin.
	due    reliable.Time
	doubt  bool
	trials uint64
}

// A trial is one batch of a trial.
type trial struct {
	nack.Range
	channel uint32
	cut     bool
	// first and last say that its first and last frame were asked for.
	first, last bool
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

// OffloadOff reports whether datagrams that are cut out of one write were found not to
// arrive. If so, all datagrams are sent one by one.
func (s *Sender) OffloadOff() bool { return s.offload.off }

// close ends the trial.
func (o *offload) close(now reliable.Time) {
	o.open, o.doubt, o.due = false, false, now.Add(trialPause)
}

// single reports whether a batch of frames of equal length is to be sent one by one.
func (o *offload) single(now reliable.Time, channel uint32, frames nack.Range) bool {
	o.judge(now)
	if o.off || !o.open || o.count == trialSize {
		return o.off || o.doubt
	}
	left := trialSize - o.count
	cut := o.rand.Below(uint64(left)) < uint64(trialSize/2-o.cut)
	o.batches[o.count] = trial{Range: frames, channel: channel, cut: cut}
	if o.count++; cut {
		o.cut++
	}
	if o.count == trialSize {
		o.full = now
	}
	return !cut
}

// asked takes the ranges of a NACK for frames of a channel.
func (o *offload) asked(now reliable.Time, channel uint32, ranges []nack.Range) {
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
		if b.channel != channel {
			continue
		}
		for _, r := range ranges {
			b.first = b.first || r.Contains(b.From)
			b.last = b.last || r.Contains(b.To-1)
		}
	}
	o.judge(now)
}

// judge ends the trial if it has shown enough.
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
	case others: // frames are lost either way
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

// repairsSingle reports whether repairs are to be sent one by one: where cut batches are
// missing, cut repairs would be as well.
func (o *offload) repairsSingle() bool {
	return o.off || o.doubt || o.open && o.missing() > 0
}

// missing returns the number of cut batches that are missing.
func (o *offload) missing() (n int) {
	for i := range o.batches[:o.count] {
		if b := &o.batches[i]; b.cut && b.first && b.last {
			n++
		}
	}
	return n
}
