// Command crier sends, receives and tries out messages over UDP multicast: see
// "crier help".
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

// Exit codes.
const (
	exitOK    = 0 // the end was seen, and nothing is missing
	exitError = 1 // anything that is none of the others
	exitUsage = 2 // the command's words or values are wrong
	exitLost  = 3 // something is missing, or may be: the end was not seen
)

func main() {
	// A standard output that was closed is an error to report, not a silent end.
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup goes on
		signal.Notify(interrupts, syscall.SIGHUP)
	}
	go interrupt(interrupts, cancel, func() { signal.Stop(interrupts) })
	std := standard()
	code := run(ctx, os.Args[1:], std.in, std.out, std.err)
	os.Exit(code)
}

// secondInterrupt is how long after an interrupt another one is taken for the same:
// timeout(1), for instance, sends one to its command, and then one to all of its group.
const secondInterrupt = 500 * time.Millisecond

// interrupt calls cancel at the first interrupt, and later release, after which the next
// one ends the process at once.
func interrupt(interrupts <-chan os.Signal, cancel, release func()) {
	<-interrupts
	cancel()
	time.Sleep(secondInterrupt)
	release()
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// command is one of crier's subcommands.
type command struct {
	name  string
	brief string // one line
	args  string // what follows the flags, for the usage line; "" if nothing may
	help  string // more, with examples
	// setup declares the command's flags, and returns what runs it.
	setup func(*pflag.FlagSet) func(context.Context, streams) (int, error)
	// hidden keeps it out of help: it is for the tool itself.
	hidden bool
	// subs are the commands that follow this one's name, which then has no setup.
	subs []*command
}

// commands are all subcommands, in the order in which help lists them.
func commands() []*command {
	return []*command{demoCommand(), pubCommand(), subCommand(), simCommand(), benchCommand(), benchWorker()}
}

// usageError is an error in the command's words: exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the whole tool; it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	std := streams{stdin, stdout, stderr}
	if len(args) == 0 {
		fmt.Fprint(stderr, overview())
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "--help":
		return help(std, rest)
	case "version", "--version":
		return show(std, version()+"\n")
	}
	c := find(commands(), name)
	if c == nil {
		fmt.Fprintf(stderr, "crier: there is no command %q; the commands are %s, help and version\n", name, names(commands()))
		return exitUsage
	}
	if c.subs != nil {
		switch {
		case len(rest) == 0:
			fmt.Fprint(stderr, c.page())
			return exitUsage
		case rest[0] == "-h" || rest[0] == "--help":
			return help(std, []string{name})
		}
		sub := find(c.subs, rest[0])
		if sub == nil {
			fmt.Fprintf(stderr, "crier %s: there is no command %q; there are %s\n", name, rest[0], names(c.subs))
			return exitUsage
		}
		c, name, rest = sub, sub.name, rest[1:]
	}
	flags := c.flags(stderr)
	do := c.setup(flags)
	if err := flags.Parse(rest); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return help(std, strings.Fields(name))
		}
		fmt.Fprintf(stderr, "crier %s: %s; see \"crier help %s\"\n", name, flagText(err), name)
		return exitUsage
	}
	if c.args == "" && flags.NArg() > 0 {
		fmt.Fprintf(stderr, "crier %s: it takes no argument %q; see \"crier help %s\"\n", name, flags.Arg(0), name)
		return exitUsage
	}
	std.out = standardOutput{std.out}
	code, err := do(ctx, std)
	if err == nil {
		return code
	}
	fmt.Fprintf(stderr, "crier %s: %s\n", name, strings.ReplaceAll(oneLine(err), context.Canceled.Error(), "interrupted"))
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitError
}

// show prints what was asked for.
func show(std streams, text string) int {
	if _, err := io.WriteString(std.out, text); err != nil {
		fmt.Fprintf(std.err, "crier: %v\n", outputError(err))
		return exitError
	}
	return exitOK
}

// oneLine prints an error on one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// find returns the command of a name; that of one below another, such as "sim run",
// is found by its last word.
func find(list []*command, name string) *command {
	for _, c := range list {
		if c.word() == name {
			return c
		}
	}
	return nil
}

// word is the last word of the command's name.
func (c *command) word() string { return c.name[strings.LastIndexByte(c.name, ' ')+1:] }

func names(list []*command) string {
	var words []string
	for _, c := range list {
		if !c.hidden {
			words = append(words, c.word())
		}
	}
	return strings.Join(words, ", ")
}

func (c *command) flags(stderr io.Writer) *pflag.FlagSet {
	flags := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.SortFlags = false
	flags.Usage = func() {}
	return flags
}

// flagText says in a sentence what is wrong with a flag.
func flagText(err error) string {
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		flag := "--" + invalid.GetFlag().Name
		switch kind := invalid.GetFlag().Value.Type(); kind {
		case "uint64":
			return fmt.Sprintf("%s %q is no whole number of 0 or more", flag, invalid.GetValue())
		case "uint16":
			return fmt.Sprintf("%s %q is no port: give 1 to 65535", flag, invalid.GetValue())
		case "int":
			return fmt.Sprintf("%s %q is no whole number", flag, invalid.GetValue())
		case "float64":
			return fmt.Sprintf("%s %q is no number", flag, invalid.GetValue())
		case "duration":
			return fmt.Sprintf("%s %q is no time: give a number and a unit, such as 500us, 10ms or 2s", flag, invalid.GetValue())
		case "bool":
			return fmt.Sprintf("%s takes no value but true or false, not %q", flag, invalid.GetValue())
		default: // the flag's own type says it
			return fmt.Sprintf("%s %v", flag, invalid.Unwrap())
		}
	case errors.As(err, &missing):
		return fmt.Sprintf("--%s needs a value", missing.GetFlag().Name)
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		return fmt.Sprintf("there is no flag --%s", unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		return fmt.Sprintf("there is no flag -%s", unknown.GetSpecifiedName()[:1])
	}
	return err.Error()
}

// bareError takes the operation and path off an error, since the sentence has them.
func bareError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
