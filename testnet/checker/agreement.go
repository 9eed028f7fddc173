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
	b = binary.BigEndian.AppendUint32(b, 0) // the channel
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

// sameContent compares what certificates say of all members.
func sameContent(a, b *reliable.Certificate) bool {
	return sameMembers(a, b) && a.Frames == b.Frames && slices.Equal(a.Nobody, b.Nobody)
}

func sameMembers(a, b *reliable.Certificate) bool {
	return slices.EqualFunc(a.Members, b.Members,
		func(x, y reliable.Survivor) bool { return x.ID == y.ID })
}

// finish asks whether those that heard each other all the time have the same certificate.
func (q *inquests) finish() {
	var cliques []*reliable.Certificate // a first certificate of each list of members
	for _, s := range q.order {
		if s.first == nil || s.mixed || s.first.More > 0 {
			continue
		}
		i := slices.IndexFunc(cliques,
			func(c *reliable.Certificate) bool { return sameMembers(c, s.first) })
		if i < 0 && q.clique(s.first.Members) {
			q.judgeEqual(s.sub, s.first)
		}
		if i < 0 {
			cliques = append(cliques, s.first)
		}
	}
}

// clique reports whether each two of the members of certificates heard a whole digest of the
// other in every three periods of their inquests.
func (q *inquests) clique(members []reliable.Survivor) bool {
	var all []*speaker
	period := q.period(members)
	for i := range members {
		s := q.speakers[members[i].ID]
		if s == nil || s.mixed || s.began == 0 {
			return false
		}
		all = append(all, s)
	}
	for _, s := range all {
		for _, o := range all {
			r := q.row(s.sub, o)
			gap := r.gap
			if s.ended == 0 {
				gap = r.until(q.c.w.Now(), s.began)
			}
			if s != o && (r.whole == nil || gap > 3*period) {
				return false
			}
		}
	}
	return true
}

// period returns the shortest period of the members of certificates.
func (q *inquests) period(members []reliable.Survivor) (least time.Duration) {
	for i := range members {
		s := q.speakers[members[i].ID]
		if s == nil || s.sub.Recorder() != nil {
			continue
		}
		d := q.c.view(s.sub, q.s).certificates.period()
		if least == 0 || d < least {
			least = d
		}
	}
	return least
}

// judgeEqual asks whether all members of a certificate have the same.
func (q *inquests) judgeEqual(sub *world.Subscriber, cert *reliable.Certificate) {
	for i := range cert.Members {
		s := q.speakers[cert.Members[i].ID]
		if s == nil || s.first == nil || sameContent(s.first, cert) ||
			!q.clique(slices.Concat(cert.Members, s.first.Members)) {
			continue
		}
		q.c.fail("%v and %v heard each other all the time, and their certificates differ: %v, "+
			"frames %v, nobody's %v, agreed %v, and %v, frames %v, nobody's %v, agreed %v", sub,
			s.sub, ids(cert), cert.Frames, cert.Nobody, cert.Agreed, ids(s.first), s.first.Frames,
			s.first.Nobody, s.first.Agreed)
		return
	}
}

// ids returns the ids of a certificate's members.
func ids(cert *reliable.Certificate) (list []uint64) {
	for i := range cert.Members {
		list = append(list, cert.Members[i].ID)
	}
	return list
}
