package echo

import (
	"context"
	"time"
)

// ownChecks are the checks that a Host makes of itself: for each client anew, since what they
// found for the last one may be mended. They are made when the client asks for them, after all
// else, so that they don't find the client's probes.
type ownChecks struct {
	wanted chan struct{}
	// begun is when the last ones were begun, and made when those in text were.
	begun, made time.Time
	text        []byte // JSON
}

func (o *ownChecks) init() { o.wanted = make(chan struct{}, 1) }

// ready reports whether there are checks that were begun after a client came, and gives them to
// it. If there are none, it has some made.
func (o *ownChecks) ready(c *client) bool {
	if c.checks != nil {
		return true
	}
	if o.begun.Before(c.came) {
		select {
		case o.wanted <- struct{}{}:
		default:
		}
	}
	if o.made.Before(c.came) {
		return false
	}
	c.checks = o.text
	return true
}

// checkWhenWanted makes a Host's own checks whenever a client wants them.
func (h *Host) checkWhenWanted(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.own.wanted:
		}
		begun := time.Now()
		h.mu.Lock()
		h.own.begun = begun
		h.mu.Unlock()
		text := checksText(h.place.Checks(ctx), maxChecks)
		h.mu.Lock()
		h.own.text, h.own.made = text, begun
		h.mu.Unlock()
	}
}
