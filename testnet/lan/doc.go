// Package lan simulates a multicast LAN on pion's vnet, whose one home it is.
//
// The hosts of a [LAN] are networks in the sense of package multicast, so that the
// real publisher and subscriber run on them unchanged, under testing/synctest and
// the race detector. Each ordered pair of hosts has a link of its own, which is
// reached by [LAN.Link].
package lan
