// Package testnet is the simulated network. Its rooms are the link models
// (testnet/link), a LAN on pion's vnet (testnet/lan), links in front of real sockets
// (testnet/impair), and experiments in files (testnet/scenario).
//
// [World] is the virtual-time simulator: the real protocol machines on simulated
// processes and links, without goroutines or a clock. [NewChecker] watches a
// World and judges the promise, knowing the truth.
package testnet
