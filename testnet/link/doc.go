// Package link has the models of a network's links.
//
// A [Link] carries datagrams in one direction between two hosts. It decides what
// becomes of each: whether it is lost and why, or when it arrives, how often, and
// whether damaged. It holds no clock, goroutine, lock or socket; time is an int64,
// in nanoseconds since the start of the run. Everything random comes from one
// generator for each link, seeded from the run's seed and the link's identity
// ([Seed]), so the same calls give the same outcomes on every machine. Floating
// point is used only to read parameters.
//
// A [Config] describes a link: a [Loss] model, a [Delay] model, reordering,
// duplication, corruption, and a rate with a queue. Models are values. Any number
// of links may share one, and each keeps its own place in it. They can be changed
// during a run, and [Link.SetDown] is a partition. [Parse] reads a Config from a
// text; [ReadBits], [ReadDelays], [ReadNoise] and [ReadRutgers] read recorded loss,
// delay and noise.
package link
