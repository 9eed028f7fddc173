// Package scenario reads loss experiments from files and plays them in the virtual-time
// simulator. A scenario lists publishers with their messages, subscribers with their networks,
// and timed events.
//
//	s, err := scenario.Parse("mine.yaml", text)    // or scenario.Builtin("crash")
//	run, err := scenario.New(s, scenario.Options{Seed: 7})
//	run.World().Observe(...)                       // to measure
//	err = run.Start()
//	err = run.Play(ctx)                            // nil, or the broken rule
//
// A file is YAML without its cleverness: mappings, lists and plain values, units
// written out. Unknown keys and wrong values are refused with their line. See
// docs/SIMULATION.md for every key.
//
// The same scenario and seed give the same run, byte for byte, on every machine.
// Every run ends with the checker of the promise. [Shrink] finds a smaller scenario
// that breaks it in the same way.
package scenario
