// Package store keeps sealed frames, so that they can be repeated.
//
// [Store] is the interface out of which a repairer serves NACKs. A [Buffer] is the store of
// a publisher: a ring of the latest frames in memory, and behind it, if configured, a disk
// for the frames that subscribers still need. [Histories] are the stores of a receiver: the
// latest frames of each stream that came over the network, with holes, in one bounded memory.
//
// The package does no input or output. A Buffer names each [Job] for the disk; the caller
// does it elsewhere and reports back with [Buffer.JobDone].
package store
