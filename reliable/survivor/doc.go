// Package survivor is a subscriber that keeps what it delivered, for those who lack it when the
// publisher is gone: a receive.Receiver, the histories of its streams (store.Histories), and the
// service of NACKs out of them (repair.Service).
//
// A [Survivor] is driven as a Receiver is, but for batches to an invalid address: they are for a
// group. It answers nobody while the publisher can.
package survivor
