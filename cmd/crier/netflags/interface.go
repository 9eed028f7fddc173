package netflags

import (
	"net"
	"strings"

	"crier/cmd/crier/cli"
	"crier/multicast"
)

// The environment variables that hold the defaults of --group and --iface.
const (
	groupVariable     cli.Variable = "CRIER_GROUP"
	interfaceVariable cli.Variable = "CRIER_IFACE"
)

// defaultInterface is the interface of commands that are given none.
const defaultInterface = "lo"

// DeclareInterface declares --iface, whose default is the value of a variable, or def.
func DeclareInterface(flags *cli.FlagSet, name *string, def, usage string) {
	flags.StringVar(name, "iface", interfaceVariable.Or(def), usage)
	interfaceVariable.Serve(flags, "iface", def)
	cli.Offer(flags, "iface", cli.WordsFrom(interfaceNames))
}

// interfaceNames returns the names of the interfaces that are up.
func interfaceNames() []string {
	list, _ := net.Interfaces()
	var names []string
	for _, ifi := range list {
		if ifi.Flags&net.FlagUp != 0 {
			names = append(names, ifi.Name)
		}
	}
	return names
}

// OnlyHere reports whether an interface reaches this machine alone.
func OnlyHere(name string) bool {
	ifi, err := multicast.ResolveInterface(name)
	return err == nil && ifi.Name == "lo" || strings.HasPrefix(name, "127.")
}
