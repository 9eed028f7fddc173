// Package repair serves NACKs out of a store.
//
// A [Repairer] takes NACK frames, and returns batches of REPAIR frames and the answers that
// go with them: CONFIRM for a repair that comes later, and GONE for a frame that can't be
// repeated. A [nack.Responder] decides what is repeated, when, and for whom. The Repairer
// works for any holder of frames, under a responder id of its own; it is not tied to the
// session's publisher.
package repair
