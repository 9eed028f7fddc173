package bench

import "context"

// fanout measures what a message costs as subscribers grow, by multicast and by
// TCP to each.
func (b *bench) fanout(ctx context.Context) error {
	for _, size := range b.o.Sizes {
		for _, rate := range b.o.Rates {
			for _, subscribers := range b.o.Subscribers {
				for _, system := range []string{systemCrier, systemTCP} {
					c := b.cell(system, "", size, subscribers, 1)
					c.Rate = rate
					r := b.flatOut(c, rolePublisher, roleSubscriber)
					if system == systemTCP {
						r = b.flatOut(c, roleTCPSender, roleTCPReader)
						r.inFlight = 0 // TCP holds back by itself
					}
					if err := b.repeat(ctx, c, r); err != nil {
						return err
					}
					if system == systemTCP && rate == 0 {
						c.Method = "held back by TCP"
					}
				}
			}
		}
	}
	return nil
}
