// Package topic turns the name of a topic into groups, and the key of a message into a
// partition.
//
// A topic is a name with 1 to [MaxPartitions] partitions, over 1 to [MaxGroups] groups. Its
// [Layout] has these numbers. Publishers and subscribers compute the same groups from the name,
// or from a base group, without asking anybody. docs/PROTOCOL.md has the functions with values
// for other implementations.
//
// All functions and methods are pure, and safe for concurrent use.
package topic
