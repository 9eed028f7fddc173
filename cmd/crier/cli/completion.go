package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

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
