package checker

import (
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// The promise about certificates, which end the inquests that survivors of a publisher hold.
//
//   - True: a number is said to be nobody's only if each listed member's last whole digest lacks
//     it, and the end of the stream is one of which the subscriber heard.
//   - Equal: where two list each other, and each two of those that one of them lists or heard
//     had a digest of the other in every period, both have the same members, end and numbers
//     that nobody has. The same hash says the same everywhere, and a member has confirmed it
//     only if it sent that hash.
//   - Only forwards: an amendment takes no delivery back and gives none late, and what nobody has
//     only gets less, below the end that was known.
//   - In time: within the deadline of the inquest.
//   - Enough: a subscriber ends with all that a listed member had.
type certificates struct {
	*pair

	began reliable.Time // of the inquest; 0: there is none
	woke  bool          // the process was paused during it
	late  bool          // the certificate was told after it was made
	made  reliable.Time // when that was
	live  bool          // one that hears the publisher was heard
	// lost are the messages that were named lost since then, judged those before the last
	// certificate.
	lost   []lostRun
	judged int
	// last is a copy of the certificate that came last, as it was, given the one that came.
	last, given *reliable.Certificate

	round time.Duration // announced by the publisher last, and
	group int           // its subscribers
}

// lostRun is a loss report.
type lostRun struct {
	nack.Range
	cause reliable.Cause
}

// survives reports whether the subscriber takes part in inquests.
func (p *pair) survives() bool { return p.cfg.History > 0 }

// inquests returns what was said in the inquests of the session.
func (p *pair) inquests() *inquests { return &p.t.inquests }

// announced takes a HEARTBEAT's word of the group.
func (k *certificates) announced(f *frame.Frame) {
	k.round, k.group = f.RTT, min(int(f.Group), mostMembers)
}

// mostMembers is how many members an inquest has at the most.
const mostMembers = 1024

// period returns the time between a digest and the third one after it, as announced.
func (k *certificates) period() time.Duration {
	return max(50*time.Millisecond, 4*k.round) + time.Duration(k.group)*time.Millisecond
}

// deadline returns how long an inquest may take.
func (k *certificates) deadline() time.Duration {
	d := 2*time.Second + 2*time.Duration(k.group)*time.Millisecond
	if k.live {
		d += 2 * time.Second
	}
	d += time.Duration(k.t.next()-k.t.s.FirstSeq) * time.Duration(k.t.datagram) *
		time.Second / serveRate
	return min(d, 30*time.Second)*time.Duration(1+len(k.c.w.Sessions())/4) + 300*time.Millisecond
}

// serveRate is how many bytes of repairs a member sends in a second.
const serveRate = 16 << 20

// inquest notes that an inquest begins.
func (k *certificates) inquest(now reliable.Time) {
	if !k.survives() {
		k.fail("it holds an inquest, and keeps no history")
	}
	q := k.inquests()
	own := q.speaker(k.sub.ID(), k.sub)
	own.mixed = own.began != 0
	own.began, own.ended, own.first = max(now, 1), 0, nil
	k.began, k.woke, k.live, k.late = max(now, 1), false, false, false
	k.lost, k.judged, k.last, k.given = nil, 0, nil, nil
}

// hear takes a DIGEST that came.
func (k *certificates) hear(f *frame.Frame) {
	k.live = k.live || f.Flags&frame.Live != 0 && f.Digest.Role != frame.Publisher
}

// loss notes messages that are named lost.
func (k *certificates) loss(from, to uint64, cause reliable.Cause) {
	if k.began != 0 {
		k.lost = append(k.lost, lostRun{nack.Range{From: from, To: to}, cause})
	} else if cause == reliable.CauseNobody {
		k.fail("[%d, %d) is lost as %q, and there was no inquest", from, to, cause)
	}
}

// end takes the certificate of an inquest, or none.
func (k *certificates) end(cert *reliable.Certificate, inquest bool) {
	switch {
	case cert == nil && inquest:
		k.fail("its inquest ends without a certificate")
		return
	case cert == nil:
		return
	case !inquest:
		k.fail("it has a certificate, and held no inquest")
		return
	case cert.Number > 1:
		k.fail("its first certificate has the number %d", cert.Number)
	case cert.Withdrawn:
		k.fail("its first certificate is withdrawn")
	}
	now := k.c.w.Now()
	k.judgeTime(cert)
	k.judgeLive(cert)
	if len(cert.Live) > 0 {
		k.take(cert)
		return
	}
	q := k.inquests()
	own := q.speaker(k.sub.ID(), k.sub)
	own.ended = now
	q.freeze(own)
	k.judge(cert)
	k.judgeAll(cert)
	k.take(cert)
	if own.first = k.last; k.works {
		own.first = nil
	}
}

// judgeTime asks whether the inquest ended in time. The application is told later where there was
// no room for all that it was to get before that: nobody waits for one that is full, which gets
// the rest after its certificate. So it is where some of what others have, as all agree, was still
// on its way.
func (k *certificates) judgeTime(cert *reliable.Certificate) {
	took := k.c.w.Now().Sub(k.began)
	k.made = k.began.Add(cert.Took)
	own := k.inquests().speaker(k.sub.ID(), k.sub)
	late := k.works || k.threwAway() || len(cert.Unsettled) > 0 || own.wasFull(k.began) ||
		k.c.view(k.sub, k.s).arrivals.latest > k.made
	if k.woke {
		k.late = late && took-cert.Took > time.Millisecond
		return
	}
	if most := k.deadline(); cert.Took > most || took > most && !late {
		k.fail("its inquest took %v, and may take %v", max(took, cert.Took), most)
	}
	if d := took - cert.Took; d < -time.Millisecond && !k.works || d > time.Millisecond && !late {
		k.fail("its inquest is said to have taken %v, and took %v", cert.Took, took)
	}
	k.late = took-cert.Took > time.Millisecond
}

// amend takes an amended certificate.
func (k *certificates) amend(cert *reliable.Certificate) {
	was := k.last
	switch {
	case cert == nil:
		k.fail("what it knows is amended, and there is no certificate")
		return
	case was == nil:
		k.fail("certificate %d amends none", cert.Number)
		return
	case cert.Number != was.Number+1:
		k.fail("certificate %d comes after %d", cert.Number, was.Number)
	case cert.Frames.To < was.Frames.To || cert.NextOffset < was.NextOffset:
		k.fail("certificate %d is of a stream up to frame %d and offset %d, and the one before "+
			"up to %d and %d", cert.Number, cert.Frames.To, cert.NextOffset, was.Frames.To,
			was.NextOffset)
	}
	for _, r := range cert.Nobody {
		if was.Number == 0 {
			break // others heard the publisher then
		}
		r = r.Clip(was.Frames.From, was.Frames.To)
		if q, ok := outside(r, was.Nobody, was.Unsettled); ok {
			k.fail("certificate %d says that nobody has frame %d, and somebody had it by the one "+
				"before", cert.Number, q)
		}
	}
	if cert.Found < was.Found || cert.LostMessages < was.LostMessages {
		k.fail("certificate %d counts %d found and %d lost, and the one before %d and %d",
			cert.Number, cert.Found, cert.LostMessages, was.Found, was.LostMessages)
	}
	k.judge(cert)
	k.take(cert)
}

// resume takes the certificate of a publisher that is heard again.
func (k *certificates) resume(cert *reliable.Certificate) {
	was := k.last
	switch certified := was != nil && was.Number > 0; {
	case certified && cert == nil:
		k.fail("the publisher is heard again, and certificate %d isn't withdrawn", was.Number)
	case !certified && cert != nil:
		k.fail("certificate %d is withdrawn, and there was none", cert.Number)
	case cert != nil && (!cert.Withdrawn || cert.Number != was.Number || cert.Hash != was.Hash):
		k.fail("the publisher is heard again, and certificate %d (%016x) comes with it, "+
			"withdrawn %v, not %d (%016x)", cert.Number, cert.Hash, cert.Withdrawn, was.Number,
			was.Hash)
	}
	k.unchanged()
	q := k.inquests()
	own := q.speaker(k.sub.ID(), k.sub)
	own.mixed, own.first = true, nil
	k.began, k.last, k.given = 0, nil, nil
}

// take remembers a certificate.
func (k *certificates) take(cert *reliable.Certificate) {
	k.unchanged()
	one := *cert
	one.Members, one.Live = slices.Clone(cert.Members), slices.Clone(cert.Live)
	one.Nobody, one.Unsettled = slices.Clone(cert.Nobody), slices.Clone(cert.Unsettled)
	one.Lost = slices.Clone(cert.Lost)
	k.last, k.given, k.judged = &one, cert, len(k.lost)
}

// unchanged asks whether the certificate that was handed over last is as it was.
func (k *certificates) unchanged() {
	if k.given != nil && !sameCertificate(k.given, k.last) {
		k.fail("certificate %d has changed since it was handed over", k.last.Number)
	}
}

// finish judges the certificates at the end of a run.
func (k *certificates) finish() { k.unchanged() }

// sameCertificate compares two certificates.
func sameCertificate(a, b *reliable.Certificate) bool {
	return slices.Equal(a.Members, b.Members) && slices.Equal(a.Nobody, b.Nobody) &&
		slices.Equal(a.Unsettled, b.Unsettled) && slices.Equal(a.Lost, b.Lost) &&
		slices.Equal(a.Live, b.Live) && a.Number == b.Number && a.Frames == b.Frames &&
		a.NextOffset == b.NextOffset && a.Hash == b.Hash && a.Agreed == b.Agreed &&
		a.LostMessages == b.LostMessages && a.Found == b.Found && a.Took == b.Took &&
		a.Withdrawn == b.Withdrawn
}
