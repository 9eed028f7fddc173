package sim

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/reliable"
	"crier/testnet/world"
)

// certificate is what survivors of a publisher found, with those that ended with it.
type certificate struct {
	Session    string   `json:"session"`   // its id: 16 hex digits
	Publisher  string   `json:"publisher"` // its name
	Hash       string   `json:"hash"`      // of members, frames and nobody: 16 hex digits
	Members    []string `json:"members"`   // that took part: subscribers and recorders
	Frames     span     `json:"frames"`    // the sequence numbers that it is about
	NextOffset uint64   `json:"next_offset"`
	Nobody     []span   `json:"nobody"`      // the sequence numbers that no member has
	Holders    []string `json:"subscribers"` // that were told of it
	Agreed     int      `json:"agreed"`      // of these, those that know that all confirmed it
	Amends     int      `json:"amends"`      // of these, those that had another before
	Withdrawn  int      `json:"withdrawn"`   // of these, those that heard the publisher again
	First      int64    `json:"first_ns"`    // told for the first time
	Last       int64    `json:"last_ns"`     // told for the last time
	Took       int64    `json:"took_max_ns"` // from the silence to it

	hash    uint64
	session reliable.SessionID
}

// span is a range of numbers.
type span struct {
	From uint64 `json:"from"` // the first
	To   uint64 `json:"to"`   // after the last
}

// verdict is what a subscriber was told at the end of a silence, or later.
type verdict struct {
	At      int64  `json:"at_ns"`         // it was told
	Session string `json:"session"`       // its id: 16 hex digits
	Event   string `json:"event"`         // silent, amended, or resumed, which withdraws
	Number  int    `json:"number"`        // from 1; 0: none, since others hear the publisher
	Hash    string `json:"hash"`          // of members, frames and nobody: 16 hex digits
	Agreed  bool   `json:"agreed"`        // all members confirmed it
	Took    int64  `json:"took_ns"`       // from the silence to it
	Lost    uint64 `json:"lost_messages"` // named lost since the silence
	Found   uint64 `json:"found"`         // frames that were named lost, and that others have
	Live    int    `json:"live"`          // members that hear the publisher
}

// certified notes a certificate that a subscriber is told of.
func (m *meter) certified(sub *world.Subscriber, ev *reliable.Event) {
	cert, now := ev.Certificate, int64(m.run.World().Now())
	if cert == nil {
		return
	}
	one := m.r.Members[sub.Index()]
	one.Verdicts = append(one.Verdicts, verdict{
		At: now, Session: ev.Session.String(), Event: ev.Kind.String(), Number: cert.Number,
		Hash: fmt.Sprintf("%016x", cert.Hash), Agreed: cert.Agreed, Took: int64(cert.Took),
		Lost: cert.LostMessages, Found: cert.Found, Live: len(cert.Live),
	})
	if cert.Number == 0 {
		return
	}
	c := m.certificate(ev)
	if cert.Withdrawn {
		c.Withdrawn++
		return
	}
	if cert.Agreed {
		c.Agreed++
	}
	if cert.Number > 1 {
		c.Amends++
	}
	c.Holders = append(c.Holders, sub.String())
	c.Last, c.Took = now, max(c.Took, int64(cert.Took))
}

// certificate returns the entry of an event's certificate.
func (m *meter) certificate(ev *reliable.Event) *certificate {
	cert := ev.Certificate
	for _, c := range m.r.Certificates {
		if c.hash == cert.Hash && c.session == ev.Session {
			return c
		}
	}
	c := &certificate{
		Session: ev.Session.String(), Hash: fmt.Sprintf("%016x", cert.Hash),
		Frames: span{cert.Frames.From, cert.Frames.To}, NextOffset: cert.NextOffset,
		Nobody: []span{},
		First:  int64(m.run.World().Now()), hash: cert.Hash, session: ev.Session,
	}
	if s := m.run.World().Session(ev.Session, ev.Partition); s != nil {
		c.Publisher = s.Publisher.String()
	}
	for _, r := range cert.Nobody {
		c.Nobody = append(c.Nobody, span{r.From, r.To})
	}
	for i := range cert.Members {
		c.Members = append(c.Members, m.nameOf(cert.Members[i].ID))
	}
	m.r.Certificates = append(m.r.Certificates, c)
	return c
}

// nameOf returns the name of the process with an id.
func (m *meter) nameOf(id uint64) string {
	w := m.run.World()
	for _, sub := range w.Subscribers() {
		if sub.ID() == id {
			return sub.String()
		}
	}
	for _, rec := range w.Recorders() {
		if rec.ID() == id {
			return rec.String()
		}
	}
	return fmt.Sprintf("%016x", id) // of an earlier life
}

// mostCertificates is how many certificates the text of a result tells of.
const mostCertificates = 12

// certificatesText tells what the survivors found, the certificates in the order of time.
func certificatesText(r *Result) string {
	var b strings.Builder
	for i, c := range r.Certificates {
		if i == mostCertificates {
			fmt.Fprintf(&b, "and %s more; --json has all\n",
				cli.Counted(uint64(len(r.Certificates)-i), "certificate", "certificates"))
			break
		}
		b.WriteString(c.text())
	}
	return b.String()
}

// text tells of a certificate.
func (c *certificate) text() string {
	agreed := "agreed"
	switch {
	case c.Agreed == 0:
		agreed = "not agreed"
	case c.Agreed < len(c.Holders):
		agreed = fmt.Sprintf("known to be agreed by %d", c.Agreed)
	}
	nobody := "nothing is lost to all"
	if n := framesOf(c.Nobody); n > 0 {
		nobody = "nobody has " + cli.Counted(n, "frame", "frames")
	}
	amends, withdrawn := "", ""
	if c.Amends > 0 {
		amends = ", which amends"
	}
	if c.Withdrawn > 0 {
		withdrawn = fmt.Sprintf("; withdrawn by %d", c.Withdrawn)
	}
	return fmt.Sprintf("%s: certificate%s of %s, %s, at %s %s after the silence: %s, and message "+
		"%s is the last that is known%s\n", c.Publisher, amends,
		cli.Counted(uint64(len(c.Members)), "member", "members"), agreed,
		cli.Counted(uint64(len(c.Holders)), "subscriber", "subscribers"),
		cli.Duration(time.Duration(c.Took)), nobody, cli.Grouped(max(c.NextOffset, 1)-1), withdrawn)
}

func framesOf(list []span) (n uint64) {
	for _, r := range list {
		n += r.To - r.From
	}
	return n
}

// inquestText tells what a group did in inquests.
func inquestText(g *group) string {
	return fmt.Sprintf("%s sent %s in inquests, and repeated %s for others\n", g.Name,
		cli.Counted(g.Digests, "digest", "digests"), cli.Counted(g.Repeated, "frame", "frames"))
}
