package worker

import (
	"time"

	"crier/cmd/crier/bench/job"
	"crier/publisher"
)

// idle is the traffic of a publisher that has nothing to send, in datagrams a second.
type idle struct{ sent, heard float64 }

// watch looks at a publisher for so long, once it repeats its heartbeats seldom.
func (i *idle) watch(p *publisher.Publisher, lasting time.Duration) {
	if lasting == 0 {
		return
	}
	time.Sleep(job.CalmFor)
	before, at := p.Stats().Socket, time.Now()
	time.Sleep(lasting)
	after, took := p.Stats().Socket, time.Since(at).Seconds()
	i.sent = float64(after.Sent-before.Sent) / took
	i.heard = float64(after.Received-before.Received) / took
}
