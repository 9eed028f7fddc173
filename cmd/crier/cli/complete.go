package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Values are what a shell offers for a flag or an argument.
type Values struct {
	words func() []string
	files bool
	ext   []string
}

// Words offers these words.
func Words(words ...string) Values { return WordsFrom(func() []string { return words }) }

// WordsFrom offers the words that f returns when a shell asks.
func WordsFrom(f func() []string) Values { return Values{words: f} }

// Files offers files, of these extensions if there are any ("pcap").
func Files(ext ...string) Values { return Values{files: true, ext: ext} }

// OrFiles offers files as well.
func (v Values) OrFiles() Values {
	v.files = true
	return v
}

// Offer sets what a shell offers for a flag that was declared.
func Offer(flags *FlagSet, name string, values Values) {
	f := flags.Lookup(name)
	f.Value = offered{f.Value, values}
}

// offered is a flag's value with what a shell offers for it.
type offered struct {
	pflag.Value
	values Values
}

// complete makes cobra offer the values of a command's flags and arguments.
func complete(c *cobra.Command, args Values) {
	c.ValidArgsFunction = args.complete
	c.Flags().VisitAll(func(f *pflag.Flag) {
		var values Values
		if v, ok := f.Value.(offered); ok {
			values = v.values
		}
		_, f.Usage = pflag.UnquoteUsage(f)
		c.RegisterFlagCompletionFunc(f.Name, values.complete)
	})
}

// complete returns the values that begin as a shell's word does.
func (v Values) complete(_ *cobra.Command, _ []string, word string) ([]string,
	cobra.ShellCompDirective) {
	var list []string
	if v.words != nil {
		for _, w := range v.words() {
			if strings.HasPrefix(w, word) {
				list = append(list, w)
			}
		}
	}
	switch {
	case !v.files || len(list) > 0:
		return list, cobra.ShellCompDirectiveNoFileComp
	case v.ext != nil:
		return v.ext, cobra.ShellCompDirectiveFilterFileExt
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// asksForCompletion reports whether a shell has started the tool to learn of values.
func asksForCompletion(args []string) bool {
	return len(args) > 0 &&
		(args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// shells are the shells that completion is generated for.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func (t *Tool) completion() *Command {
	return &Command{
		Name:      "completion",
		Args:      " " + strings.Join(shells, "|"),
		ArgValues: Words(shells...),
		Brief:     "print a script that completes words in a shell",
		Help: `Prints a script for a shell, which then completes commands, flags and their values:
interfaces, scenarios, formats, policies, and files.

Examples:

  # for bash, with the package bash-completion: in this shell, then in all to come
  source <(crier completion bash)
  crier completion bash > ~/.local/share/bash-completion/completions/crier

  # for zsh, in a folder of $fpath
  crier completion zsh > ~/.zfunc/_crier

  # for fish
  crier completion fish > ~/.config/fish/completions/crier.fish

  # for PowerShell
  crier completion powershell | Out-String | Invoke-Expression

`,
		Setup: func(flags *FlagSet) func(context.Context, Streams) (int, error) {
			return func(_ context.Context, std Streams) (int, error) {
				if flags.NArg() != 1 {
					return 0, Usagef("it takes one shell: %s", strings.Join(shells, ", "))
				}
				root := (&run{tool: t, std: std}).root(nil)
				switch shell := flags.Arg(0); shell {
				case "bash":
					return ExitOK, root.GenBashCompletionV2(std.Out, true)
				case "zsh":
					return ExitOK, root.GenZshCompletion(std.Out)
				case "fish":
					return ExitOK, root.GenFishCompletion(std.Out, true)
				case "powershell":
					return ExitOK, root.GenPowerShellCompletionWithDesc(std.Out)
				default:
					return 0, Usagef("there is no completion for %q: give %s", shell,
						strings.Join(shells, ", "))
				}
			}
		},
	}
}
