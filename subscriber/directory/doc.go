// Package directory finds topics without configuration: those that publishers on the same network
// announce. [List] asks once, and a [Client] goes on listening.
//
// The directory serves people and tools. A subscriber that names a topic needs none: the topic's
// groups follow from its name. Nor does a subscriber to a pattern need this package: it listens to
// the directory itself.
package directory
