// Package every plays all schedules of a small world: each datagram arrives, is lost, is
// late or comes twice, and processes crash, in each way that a Scope allows; the checker
// judges each. Random seeds meet what is rare once in millions of runs; this meets it surely.
//
// A schedule is played from its start each time, in the simulator, up to a choice that was not
// made before. States are hashed at each choice: of two schedules that lead to the same state
// only one is played on. What is left out of the hash is listed in state.go, with the reasons.
package every
