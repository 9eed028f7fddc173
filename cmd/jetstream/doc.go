// Package jetstream measures the log of crier beside the file store of NATS JetStream: the same
// messages, written to the same disk in the same sitting. It is a module of its own, so that crier
// doesn't depend on NATS. docs/BENCHMARKS.md has the command and the figures. Command crier-broker,
// below it, is the broker's part of "crier demo crash --net lo".
package jetstream
