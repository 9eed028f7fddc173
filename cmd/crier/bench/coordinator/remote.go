package coordinator

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
)

const (
	// DefaultPort is the port that Serve listens at by default.
	DefaultPort  = 7701
	dialPatience = 10 * time.Second
)

// remote measures round trips to another machine, by this one's clock.
func (b *coordinator) remote(ctx context.Context) error {
	for _, wait := range b.o.Waits {
		for _, size := range b.o.Sizes {
			c := b.latencyCell(report.SystemCrier, report.WayTrip, size, 1, wait)
			if err := b.pairs(ctx, c, b.exchange(c)); err != nil {
				return err
			}
		}
	}
	return nil
}

// dial makes the serving machine start a worker, which then acts like any other.
func (s *site) dial(ctx context.Context, t *job.Task) (*process, error) {
	d := net.Dialer{Timeout: dialPatience}
	c, err := d.DialContext(ctx, "tcp", s.o.Remote)
	if err != nil {
		return nil, fmt.Errorf("--remote %s can't be reached (%w): start crier bench serve "+
			"there, on an interface that this machine reaches", s.o.Remote, err)
	}
	p := &process{role: t.Role + " at " + s.o.Remote, in: c, heard: make(chan *job.Message, 4),
		Conn: job.NewConn(c, c)}
	go p.listen(c)
	if err := p.Say(&job.Message{Step: job.StepTask, Task: t}); err != nil {
		p.stop()
		return nil, p.failure(err)
	}
	return p, nil
}

// withPort adds the usual port to an address that has none.
func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(address, strconv.Itoa(DefaultPort))
}
