package echo

import (
	"context"
	"fmt"
	"time"

	"crier/cmd/crier/check"
	"crier/multicast"
)

// Line is a lasting conversation with a Host, to see whether a group lasts as long.
type Line struct {
	g     *guest
	there greeting
	beats uint32
	sent  int // to the group
	heard int // of these, by the Host
	came  int // from the group
}

// Dial greets a Host and joins the group. If the Host doesn't answer, or uses another group,
// the checks say so, and there is no Line.
func Dial(ctx context.Context, cfg Config) (*Line, []check.Check, error) {
	g, f, list, err := meet(ctx, cfg)
	if g == nil {
		return nil, list, err
	}
	if !f.sameGroup() {
		g.close()
		v := &verdicts{}
		f.judgeGroup(v)
		return nil, v.list, nil
	}
	if err := g.join(); err != nil {
		g.close()
		return nil, nil, err
	}
	l := &Line{g: g, there: f.there}
	if _, err := g.ask(ctx, question{What: askBegin, Pass: passGroup}); err != nil {
		l.Close()
		return nil, nil, err
	}
	return l, nil, nil
}

// Name returns the Host's name.
func (l *Line) Name() string { return l.there.Name }

// Close ends the conversation.
func (l *Line) Close() { l.g.close() }

// Beat is the outcome of one exchange.
type Beat struct {
	// Unicast, To and From report whether an answer came by unicast, whether the Host has
	// heard more of what was sent to the group, and whether more of its answers to the group
	// were heard.
	Unicast, To, From bool
}

// Beat sends one datagram to the group, and asks for one.
func (l *Line) Beat(ctx context.Context) (Beat, error) {
	if l.beats >= maxSeq {
		return Beat{}, fmt.Errorf("it has lasted %d exchanges, which is the limit", maxSeq)
	}
	c := &codec{}
	datagram := func(p pass, r reply) []byte {
		b := probe{pass: p, reply: r, seq: l.beats, sent: time.Now().UnixNano()}
		return c.append(nil, l.g.message(opProbe, padded(b.append(nil), smallFrame)))
	}
	d := datagram(passGroup, replyNone)
	if err := multicast.WriteAll(l.g.out, l.g.cfg.Group, d, len(d)); err != nil {
		return Beat{}, err
	}
	_ = l.g.port.write(datagram(passBack, replyGroup), l.g.cfg.To) // else it isn't answered
	l.beats++
	l.sent++
	t, err := l.g.ask(ctx, question{What: askCount, Pass: passGroup})
	if err != nil || t.Count == nil {
		return Beat{}, ctx.Err() // the Host is silent, and may come back
	}
	b := Beat{Unicast: true, To: t.Count.Received > l.heard}
	l.heard = t.Count.Received
	came := l.g.count(passBack).received
	b.From = came > l.came
	l.came = came
	return b, nil
}

// Senders returns the other senders.
func (l *Line) Senders() Senders {
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	return l.g.senders.copy()
}

// Listener hears a group without a Host.
type Listener struct{ g *guest }

// Hear joins a group.
func Hear(p Place) (*Listener, error) {
	ifi, err := multicast.ResolveInterface(p.Interface)
	if err != nil {
		return nil, err
	}
	if p.Link, err = p.Link.Complete(); err != nil {
		return nil, err
	}
	g := &guest{cfg: Config{Place: p}, run: random(), ifi: ifi.Name}
	if err := g.join(); err != nil {
		return nil, err
	}
	return &Listener{g}, nil
}

// Senders returns the senders so far.
func (l *Listener) Senders() Senders {
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	return l.g.senders.copy()
}

// Close leaves the group.
func (l *Listener) Close() { l.g.close() }
