//go:build !linux

package multicast

func newLeaseClock() LeaseClock { return newJumpClock() }
