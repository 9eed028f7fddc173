package cli

import (
	"fmt"
	"os"
)

// A Variable is an environment variable that holds the default of a flag.
type Variable string

// Or returns the variable's value, or def where it is not set, or empty.
func (v Variable) Or(def string) string {
	if value := os.Getenv(string(v)); value != "" {
		return value
	}
	return def
}

// variableKey is the key of a flag's annotation that names its Variable.
const variableKey = "crier_variable"

// Serve makes the help of a flag that was declared with Or(def) tell of the variable, and
// Origin name it.
func (v Variable) Serve(flags *FlagSet, name, def string) {
	f := flags.Lookup(name)
	if def != "" {
		def = ", or " + def
	}
	f.Usage += fmt.Sprintf(" (default: $%s%s)", v, def)
	f.DefValue = ""
	flags.SetAnnotation(name, variableKey, []string{string(v)})
}

// Origin returns what a flag's value comes from, for errors about it: the flag, as in --iface,
// or the variable that holds its default.
func Origin(flags *FlagSet, name string) string {
	if f := flags.Lookup(name); f != nil && !f.Changed {
		for _, v := range f.Annotations[variableKey] {
			if os.Getenv(v) != "" {
				return v
			}
		}
	}
	return "--" + name
}
