// Package testnet holds the swarm: tests that run random scenarios in the simulated
// network, and let the checker judge them. The rooms of the network are
//
//   - random, the generator that all of them draw from
//   - link, the models of links: loss, delay, reordering, damage, rate and queue
//   - world, the virtual-time simulator: the real protocol machines on simulated
//     processes and links, without goroutines or a clock
//   - checker, an observer of a World that judges the promise, knowing the truth
//   - lan, a multicast LAN on pion's vnet, for the real publisher and subscriber
//   - impair, links in front of real sockets
//   - scenario, experiments in files
//   - rig, what tests of these and of other packages share
package testnet
