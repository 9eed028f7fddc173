package cli

import (
	"sync"
	"time"
)

// Progress shows how far a command is, how long that took, and how long the rest may take, on
// a line that it rewrites. It is safe for concurrent use.
type Progress struct {
	show  func(string)
	start time.Time

	mu    sync.Mutex
	text  string
	share float64   // of 1 that is done
	at    time.Time // when that was so
	stop  chan struct{}
	ended chan struct{}
}

const progressEvery = 500 * time.Millisecond

// StartProgress starts to call show with a line, and at the end with "": one call at a time.
func StartProgress(show func(string)) *Progress {
	now := time.Now()
	p := &Progress{show: show, start: now, at: now, stop: make(chan struct{}),
		ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.tell(time.Now())
			case <-p.stop:
				return
			}
		}
	}()
	return p
}

// Set tells how much of 1 is done, and in words what that is.
func (p *Progress) Set(share float64, text string) {
	now := time.Now()
	p.mu.Lock()
	if p.text = text; p.share != share {
		p.share, p.at = share, now
	}
	p.mu.Unlock()
	p.tell(now)
}

// tell shows the line at a time.
func (p *Progress) tell(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.show(p.line(now))
}

// Stop removes the line.
func (p *Progress) Stop() {
	close(p.stop)
	<-p.ended
	p.show("")
}

// line returns the line at a time, with the lock held. The rest is taken to go on as what is
// done.
func (p *Progress) line(now time.Time) string {
	if p.text == "" {
		return ""
	}
	text := p.text + ", " + Duration(now.Sub(p.start).Round(time.Second)) + " so far"
	if p.share > 0 && p.share < 1 {
		left := time.Duration(float64(p.at.Sub(p.start))*(1-p.share)/p.share) - now.Sub(p.at)
		text += ", about " + Duration(max(left.Round(time.Second), time.Second)) + " left"
	}
	return text
}
