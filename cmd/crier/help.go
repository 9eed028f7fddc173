package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// overview is what crier prints without arguments.
func overview() string {
	var b strings.Builder
	b.WriteString(`crier: brokerless direct messaging over UDP multicast

Whoever publishes shouts once to all; whoever missed something asks for it; the
publisher repeats what it still holds. What it no longer holds, or takes with it
when it dies, is named as lost.

`)
	for _, c := range commands() {
		if !c.hidden {
			fmt.Fprintf(&b, "  crier %-6s %s\n", c.name, c.brief)
		}
	}
	b.WriteString(`  crier help [COMMAND]

Examples:

  # everything at once: loss, repair, and a producer that dies
  crier demo

  # in one terminal
  crier sub --until-end

  # in another
  seq 10 | crier pub --from -

Exit codes: 0 the end was seen and nothing is missing; 3 something is missing, or may
be, since the end was not seen; 2 wrong usage; 1 anything else.
`)
	return b.String()
}

// help prints the overview, or one command's page.
func help(std streams, args []string) int {
	if len(args) == 0 {
		return show(std, overview())
	}
	list := commands()
	for i, word := range args {
		c := find(list, word)
		if c == nil && list == nil {
			fmt.Fprintf(std.err, "crier help: it takes one command, not %d\n", len(args))
			return exitUsage
		}
		if c == nil {
			fmt.Fprintf(std.err, "crier help: there is no command %q; the commands are %s\n", word, names(list))
			return exitUsage
		}
		if i == len(args)-1 {
			return show(std, c.page())
		}
		list = c.subs
	}
	return exitOK
}

// page is a command's help.
func (c *command) page() string {
	if c.subs != nil {
		var b strings.Builder
		fmt.Fprintf(&b, "crier %s: %s\n\n", c.name, c.brief)
		for _, s := range c.subs {
			fmt.Fprintf(&b, "  crier %-16s %s\n", s.name, s.brief)
		}
		fmt.Fprintf(&b, "  crier help %s COMMAND\n\n%s", c.name, c.help)
		return b.String()
	}
	flags := c.flags(nil)
	c.setup(flags)
	var b strings.Builder
	fmt.Fprintf(&b, "crier %s: %s\n\n  crier %s [flags]%s\n\n%s\nFlags:\n%s", c.name, c.brief, c.name, c.args, c.help, flags.FlagUsages())
	return b.String()
}

// version says what this build is.
func version() string {
	v, revision := "development", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return fmt.Sprintf("crier %s%s %s %s/%s", v, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
