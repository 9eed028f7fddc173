package echo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"

	"crier/multicast"
)

const (
	// maxClients bounds the clients of a Host at one time.
	maxClients = 8
	// clientIdle is how long a Host remembers a client that says nothing.
	clientIdle = 30 * time.Second
	// maxCredit bounds the bytes that a client has sent ahead of its answers.
	maxCredit = 64 << 20
	// allowance is how much more than it has sent a client gets, in bytes: probes of the
	// path's MTU.
	allowance = 1 << 20
	// maxChecks bounds a Host's own checks, in bytes of JSON.
	maxChecks = 32 << 10
)

// clients are the hosts that measure with a Host.
type clients struct {
	secret []byte
	byRun  map[uint64]*client
}

func (c *clients) init() { c.secret, c.byRun = secret(), map[uint64]*client{} }

// client is a host that measures.
type client struct {
	run, cookie uint64
	addr        netip.AddrPort // that it showed to be its own
	came, last  time.Time
	credit      int
	passes      [passes]*passTally
	// checks are the Host's own, as JSON, once they were made for it.
	checks []byte
}

// passTally holds a Host's counters of a pass.
type passTally struct {
	tally
	answered, bounded int
	refused           uint64 // by the kernel, before the pass
	began             kernelCounts
	stats             multicast.ConnStats
}

// pass returns the tally of a pass.
func (c *client) pass(p pass) *passTally {
	if c.passes[p] == nil {
		c.passes[p] = &passTally{}
	}
	return c.passes[p]
}

// cookie returns the proof of an address.
func (c *clients) cookie(run uint64, from netip.AddrPort) uint64 {
	mac := hmac.New(sha256.New, c.secret)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], run)
	mac.Write(b[:])
	mac.Write([]byte(from.String()))
	return binary.BigEndian.Uint64(mac.Sum(nil))
}

// valid reports whether a cookie is that of an address.
func (c *clients) valid(run, cookie uint64, from netip.AddrPort) bool {
	return c.cookie(run, from) == cookie
}

// find returns the client of a run, or nil.
func (c *clients) find(run, cookie uint64) *client {
	if known := c.byRun[run]; known != nil && known.cookie == cookie {
		return known
	}
	return nil
}

// add makes a client, in place of one that has gone if need be; or returns nil.
func (c *clients) add(run, cookie uint64, from netip.AddrPort, now time.Time) *client {
	if len(c.byRun) >= maxClients {
		for run, old := range c.byRun {
			if now.Sub(old.last) > clientIdle {
				delete(c.byRun, run)
			}
		}
	}
	if len(c.byRun) >= maxClients {
		return nil
	}
	added := &client{run: run, cookie: cookie, addr: from, came: now, credit: allowance}
	c.byRun[run] = added
	return added
}

// answerRate bounds the datagrams that a Host sends in a second, and answerBurst those at
// once.
const (
	answerRate  = 60_000
	answerBurst = 20_000
)

// budget is a rate limit. Its zero value is full.
type budget struct {
	used float64
	last time.Time
}

// take reports whether n more datagrams may be sent.
func (b *budget) take(now time.Time, n int) bool {
	if d := now.Sub(b.last); d > 0 {
		b.used = max(0, b.used-d.Seconds()*answerRate)
		b.last = now
	}
	if b.used+float64(n) > answerBurst {
		return false
	}
	b.used += float64(n)
	return true
}
