package checker

import (
	"time"

	"crier/nack"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// pair is a subscriber and a session that reaches it: what all parts of a view share.
type pair struct {
	c   *Checker
	t   *truth
	s   *world.Session
	sub *world.Subscriber
	cfg *world.SubscriberConfig // of sub

	recovery nack.Recovery // of cfg, complete

	inOrder bool // its application takes messages in order
	works   bool // its application takes time for them
	copies  bool // its frames come in one buffer, and with the time of a kernel
}

// fail notes a violation of the promise to this subscriber.
func (p *pair) fail(format string, args ...any) {
	p.c.fail("%v, session %v of %v: "+format, append([]any{p.sub, p.s, p.s.Publisher}, args...)...)
}

// patience returns how long requests may go unanswered.
func (p *pair) patience() time.Duration {
	return p.recovery.Silence
}

// stats returns what the receiver says of the session.
func (p *pair) stats() receive.SessionStats {
	if st := p.s.Of(p.sub.Sessions()); st != nil {
		return *st
	}
	return receive.SessionStats{}
}

// threwAway reports whether frames may have come that found no room. Before the session
// has begun, the receiver doesn't say.
func (p *pair) threwAway() bool {
	st := p.stats()
	return st.NoRoom > 0 || !st.Begun
}
