// Package testnet is the simulated network: link and loss models, and the
// drivers for them.
//
// A [Link] is one direction between two hosts. It is told of each datagram and
// says what becomes of it: lost and why, or when it arrives, how often, and
// whether damaged. It holds no clock, goroutine, lock or socket; time is an
// int64, in nanoseconds since the start of the run. Everything random comes
// from one generator a link, seeded from the run's seed and the link's
// identity ([LinkSeed]), so the same calls give the same outcomes on every
// machine: no floating point is computed with after the parameters are read.
//
// A [LinkConfig] says how the link behaves: a [Loss] model, a [Delay] model,
// reordering, duplication, corruption, and a rate with a queue. Models are
// values; any number of links may share one, and each keeps its own place in
// it. They can be changed during a run, and [Link.SetDown] is a partition.
// Recorded loss, delay and noise are read with [ReadBits], [ReadDelays],
// [ReadNoise] and [ReadRutgers].
//
// [LAN] is a multicast LAN on pion's vnet. Its hosts are networks in the sense
// of package multicast, so the real publisher and subscriber run on them
// unchanged, under testing/synctest and the race detector. Each ordered pair of
// hosts has a Link of its own.
//
// [Impair] wraps any network, the kernel's included, so that its sockets receive
// over links as bad as a [LinkConfig], or a text read by [ParseLink], says: in
// real time.
//
// [World] is the virtual-time simulator: the real protocol machines on simulated
// processes and links, without goroutines or a clock. [NewChecker] watches a
// World and judges the promise, knowing the truth.
package testnet
