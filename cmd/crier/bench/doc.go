// Package bench is "crier bench": how fast messages go, how late they come, and
// their costs, measured so that others can measure them again.
//
// Each publisher and each subscriber is a process of its own, which runs the
// tool's hidden worker command (package worker), on the loopback interface, in
// network namespaces that the benchmark makes (they vanish with their last
// process, whatever ends it), or on a network that the user names. The
// coordinator gives them tasks over their standard input, a line of JSON
// each, and hears of it over their standard output. A worker whose input ends
// exits: no process outlives the benchmark.
//
// Nothing is measured in the coordinator. What a publisher may send ahead of its
// slowest subscriber is bounded through a file of counters that all processes
// map into memory (job.Progress), since that costs them next to nothing.
package bench
