package coordinator

import (
	"context"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
)

// fanout measures the cost of a message for a growing number of subscribers, by multicast and
// by TCP to each.
func (b *coordinator) fanout(ctx context.Context) error {
	for _, size := range b.o.Sizes {
		for _, rate := range b.o.Rates {
			for _, subscribers := range b.o.Subscribers {
				for _, system := range []string{report.SystemCrier, report.SystemTCP} {
					c := b.cell(system, "", size, subscribers, 1)
					c.Rate = rate
					r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
					if system == report.SystemTCP {
						r = b.flatOut(c, job.RoleTCPSender, job.RoleTCPReader)
						r.inFlight = 0 // TCP holds back by itself
					}
					if err := b.repeat(ctx, c, r); err != nil {
						return err
					}
					if system == report.SystemTCP && rate == 0 {
						c.Method = "held back by TCP"
					}
				}
			}
		}
	}
	return nil
}
