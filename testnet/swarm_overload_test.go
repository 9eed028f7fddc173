package testnet

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// Overload in the swarm: whose pace counts, what happens when the window is full,
// a disk, a rate limit, and subscribers that drop. It draws from a generator of
// its own, so that the rest of a seed's scenario stays as it was.

// overloaded adds to a publisher's configuration.
func (s *scenario) overloaded(cfg *world.PublisherConfig) {
	r := &s.over
	one := func(n uint64) bool { return r.Below(n) == 0 }
	sc := &cfg.Sender
	if one(2) {
		return
	}
	switch r.Below(4) {
	case 0, 1:
		sc.Flow.Pace = reliable.Slowest()
	case 2:
		sc.Flow.Pace = reliable.Quorum(1 + int(r.Below(4)))
	case 3:
		sc.Flow.Pace = reliable.Named("subscriber 0", fmt.Sprintf("subscriber %d", 1+r.Below(5)))
	}
	if one(2) {
		sc.Flow.WhenFull = reliable.Drop
	}
	if one(2) {
		sc.Flow.StallTimeout = 100*time.Millisecond + time.Duration(r.Below(uint64(3*time.Second)))
	}
	if one(8) {
		sc.Flow.WaitFor = 1
	}
	if one(3) {
		datagram := sc.Datagram
		if datagram == 0 {
			datagram = reliable.DefaultDatagram
		}
		record := journal.BlockSize(1, frame.DataSize(datagram))
		sc.Retention.Disk = record * int64(1+r.Below(1000))
		cfg.Disk.Wait = time.Duration(r.Below(uint64(5 * time.Millisecond)))
		if one(6) {
			cfg.Disk.FailWrites = 1 + int(r.Below(10))
		}
		if one(6) {
			cfg.Disk.FailReads = 1 + int(r.Below(10))
		}
	}
	if one(4) {
		sc.Flow.MaxRate = 8 * reliable.BitRate(200_000+r.Below(5_000_000))
	}
	s.note("the next one: pace %v, when full %v, stall timeout %v, wait for %d, disk %d %+v, "+
		"rate %v",
		sc.Flow.Pace, sc.Flow.WhenFull, sc.Flow.StallTimeout, sc.Flow.WaitFor, sc.Retention.Disk,
		cfg.Disk, sc.Flow.MaxRate)
}

// overrun adds to a subscriber's configuration.
func (s *scenario) overrun(rc *receive.Config) {
	r := &s.over
	switch r.Below(6) {
	case 0:
		rc.Overload = reliable.OverloadBuffer
	case 1:
		if rc.Order == reliable.InOrder {
			rc.Overload = reliable.OverloadDropOldest
		}
	case 2:
		rc.Overload = reliable.OverloadDropNewest
	}
	if rc.Overload != 0 {
		s.note("the next one: overload %v", rc.Overload)
	}
}
