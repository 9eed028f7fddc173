package checker

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/testnet/world"
)

// judgeHash asks whether the hash is that of the content: the same hash says the same.
func (k *certificates) judgeHash(cert *reliable.Certificate) {
	if want := hashOf(k.s, cert); cert.Hash != want {
		k.fail("certificate %d has the hash %016x, and its content %016x", cert.Number, cert.Hash,
			want)
	}
}

// hashOf returns the hash of what a certificate says of all members: FNV-1a of big-endian
// numbers.
func hashOf(s *world.Session, cert *reliable.Certificate) uint64 {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.ID))
	b = binary.BigEndian.AppendUint32(b, s.Partition)
	b = binary.BigEndian.AppendUint32(b, uint32(len(cert.Members)))
	for i := range cert.Members {
		b = binary.BigEndian.AppendUint64(b, cert.Members[i].ID)
	}
	for _, r := range append([]nack.Range{cert.Frames}, cert.Nobody...) {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, r.From), r.To)
	}
	h := fnv.New64a()
	h.Write(b)
	return max(h.Sum64(), 1)
}

// finish asks whether those that heard each other all the time have the same certificate.
func (q *inquests) finish() {
	for _, s := range q.order {
		if s.first == nil || s.mixed || s.first.More > 0 {
			continue
		}
		for i := range s.first.Members {
			o := q.known(s.first.Members[i].ID)
			if o == nil || o.first == nil || o.index <= s.index || o.first.Hash == s.first.Hash ||
				!lists(o.first, s.sub.ID()) || !q.clique(s, o) {
				continue
			}
			a, b := s.first, o.first
			q.c.fail("%v and %v heard each other all the time, and their certificates differ: %x, "+
				"frames %v, nobody's %v, agreed %v, and %x, frames %v, nobody's %v, agreed %v",
				s.sub, o.sub, ids(a), a.Frames, a.Nobody, a.Agreed, ids(b), b.Frames, b.Nobody,
				b.Agreed)
			return
		}
	}
}

// lists reports whether a certificate lists a member.
func lists(cert *reliable.Certificate, id uint64) bool {
	return slices.ContainsFunc(cert.Members,
		func(m reliable.Survivor) bool { return m.ID == id })
}

// clique reports whether each two of those that one of a and b lists, or heard before both had a
// certificate, heard a whole digest of the other in every period of their inquests.
func (q *inquests) clique(a, b *speaker) bool {
	var all []*speaker
	end := max(a.ended, b.ended)
	for _, s := range q.order {
		one, other := q.row(a.sub, s), q.row(b.sub, s)
		if s == a || s == b || one.first != 0 && one.first <= end ||
			other.first != 0 && other.first <= end {
			all = append(all, s)
		}
	}
	period := q.period(all)
	for _, s := range all {
		if s.mixed || s.began == 0 {
			return false
		}
		for _, o := range all {
			r := q.row(s.sub, o)
			gap := r.gap
			if s.ended == 0 {
				gap = r.until(q.c.w.Now(), s.began)
			}
			if s != o && (r.whole == nil || gap > period) {
				return false
			}
		}
	}
	return true
}

// period returns the shortest period of those that are subscribers.
func (q *inquests) period(all []*speaker) (least time.Duration) {
	for _, s := range all {
		if s.sub.Recorder() != nil {
			continue
		}
		d := q.c.view(s.sub, q.s).certificates.period()
		if least == 0 || d < least {
			least = d
		}
	}
	return least
}

// ids returns the ids of a certificate's members.
func ids(cert *reliable.Certificate) (list []uint64) {
	for i := range cert.Members {
		list = append(list, cert.Members[i].ID)
	}
	return list
}
