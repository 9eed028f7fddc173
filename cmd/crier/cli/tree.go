package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func init() {
	cobra.EnableCommandSorting = false // commands stay in the order of the help
	cobra.MousetrapHelpText = ""       // on Windows, a click starts the tool as well
}

// run is one run of a tool. It builds the commands as cobra's, which finds the one that the
// arguments name and parses its flags, and prints nothing.
type run struct {
	tool *Tool
	std  Streams
	code int // the exit code, unless there is an error
	// completes reports whether a shell asks for values.
	completes bool
}

// root returns the tool as a cobra.Command with the arguments of the run.
func (r *run) root(args []string) *cobra.Command {
	r.completes = asksForCompletion(args)
	root := newCommand("crier")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetArgs(append([]string{}, args...)) // nil would stand for those of the process
	root.SetOut(r.std.Out)
	root.SetErr(r.std.Err)
	root.SetFlagErrorFunc(flagError)
	version := root.Flags().Bool("version", false, "print the version")
	root.RunE = func(_ *cobra.Command, args []string) (err error) {
		switch {
		case *version:
			r.code, err = show(r.std, Version()+"\n")
		case len(args) > 0:
			return noCommand(root, args[0])
		default:
			io.WriteString(r.std.Err, r.tool.Overview(pageWidth(r.std.Err)))
			r.code = ExitUsage
		}
		return err
	}
	root.SetHelpFunc(func(*cobra.Command, []string) {
		r.print(r.tool.Overview(pageWidth(r.std.Out)))
	})
	for _, c := range r.tool.all() {
		sub := build(c, r)
		if c.Name == "help" {
			root.SetHelpCommand(sub)
		}
		root.AddCommand(sub)
	}
	return root
}

// newCommand returns a cobra.Command whose flags are listed in the order of their declaration,
// and that takes -h.
func newCommand(use string) *cobra.Command {
	c := &cobra.Command{Use: use, Args: cobra.ArbitraryArgs}
	c.Flags().SortFlags = false
	c.Flags().BoolP("help", "h", false, "show this page")
	c.Flags().MarkHidden("help")
	return c
}

// build returns a command, with those below it, as a cobra.Command. Without a run it can only
// be looked at.
func build(c *Command, r *run) *cobra.Command {
	built := newCommand(c.word() + c.Args)
	built.Short, built.Hidden = c.Brief, c.Hidden
	var do func(context.Context, Streams) (int, error)
	if c.Setup != nil {
		do = c.Setup(built.Flags())
	}
	for _, sub := range c.Subs {
		built.AddCommand(build(sub, r))
	}
	built.RunE = func(_ *cobra.Command, args []string) (err error) {
		switch {
		case len(args) > 0 && c.Args == "" && c.Subs != nil:
			return noCommand(built, args[0])
		case len(args) > 0 && c.Args == "":
			return Usagef("it takes no argument %q; see \"crier help %s\"", args[0], c.Name)
		case do == nil:
			io.WriteString(r.std.Err, c.Page(pageWidth(r.std.Err)))
			r.code = ExitUsage
			return nil
		}
		std := r.std
		std.Out = standardOutput{std.Out}
		r.code, err = do(built.Context(), std)
		return err
	}
	if r != nil && r.completes {
		c.complete(built)
	}
	built.SetHelpFunc(func(*cobra.Command, []string) { r.print(c.Page(pageWidth(r.std.Out))) })
	return built
}

// print prints a page that a flag asked for. (Cobra's function for it returns no error.)
func (r *run) print(page string) {
	var err error
	if r.code, err = show(r.std, page); err != nil {
		fmt.Fprintf(r.std.Err, "crier: %v\n", err)
		r.code = ExitError
	}
}
