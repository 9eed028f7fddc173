// Package directory has the machines by which topics are found without configuration. Each
// publisher of a topic runs an [Announcer], which announces the topic to the group
// [crier/reliable/topic.Directory], and answers questions. Whoever looks for topics runs a
// [Listener], which asks once and then listens.
//
// The traffic is bounded for all publishers together: they announce at most 50 times a second,
// however many they are. Nobody answers an announcement, nobody relays, and listeners announce
// nothing. Data never needs the directory: a topic's groups follow from its name.
//
// The machines are pure. They are driven as all machines of crier: Handle, Advance, Deadline, Next
// and Sent. A batch without an address goes to the group of the directory.
package directory
