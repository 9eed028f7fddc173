// Package logs is "crier log": it lists the sessions of a log, tells of one, reads all of it for
// damage, and removes what is old.
package logs

import (
	"context"
	"encoding/json"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logdir"
)

// Command is "crier log", with its commands below it.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "log",
		Brief: "look into a log, verify it, and remove what is old",
		Help: `A log is a directory that crier record, or crier pub --record, writes. It can be read
while it is written, and after a crash; only "crier log cut" changes it. docs/LOG.md has
the promise, and the format.

Examples:

  # the sessions in a log
  crier log ls --dir /var/lib/crier

  # read all of it, and name what is damaged
  crier log verify --dir /var/lib/crier

  # print its messages
  crier replay --dir /var/lib/crier
`,
		Subs: []*cli.Command{lsCommand(), infoCommand(), verifyCommand(), cutCommand()},
	}
}

// reading holds the flags of the commands that read a log.
type reading struct {
	dir  string
	json bool
}

func (r *reading) declare(flags *cli.FlagSet) {
	logdir.Declare(flags, &r.dir)
	flags.BoolVar(&r.json, "json", false, "print one JSON object")
}

// print prints a result as text or as JSON.
func (r *reading) print(std cli.Streams, result interface{ text(cli.Sheet) string }) error {
	if !r.json {
		return cli.Print(std.Out, result.text)
	}
	enc := json.NewEncoder(std.Out)
	enc.SetEscapeHTML(false)
	return enc.Encode(result)
}

// session returns the session that the arguments name: "" for none.
func session(flags *cli.FlagSet) (string, error) {
	if flags.NArg() > 1 {
		return "", cli.Usagef("it takes one session, not %d: leave the session out for all of them",
			flags.NArg())
	}
	return flags.Arg(0), nil
}

func lsCommand() *cli.Command {
	return &cli.Command{
		Name:  "log ls",
		Brief: "list the sessions of a log",
		Help: `Prints a row for each session: its publisher, how it stands, the offsets that the log
has of it, when these were published, how large they are, and how many holes there are
between. A session is open until its publisher has said goodbye (ended) or was not heard
any more (silent).

Examples:

  crier log ls --dir /var/lib/crier

  # for a program
  crier log ls --dir /var/lib/crier --json

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			r := &reading{}
			r.declare(flags)
			return func(_ context.Context, std cli.Streams) (int, error) {
				log, err := logdir.Open(r.dir)
				if err != nil {
					return 0, err
				}
				defer log.Close()
				return cli.ExitOK, r.print(std, list(log))
			}
		},
	}
}

func infoCommand() *cli.Command {
	r := &reading{}
	return &cli.Command{
		Name: "log info",
		Args: " [SESSION]", ArgValues: logdir.Sessions(&r.dir),
		Brief: "tell of a log, or of one session in it",
		Help: `Prints what a log has of each session, or of one: whose it is, which session it
continues, its segments, and each hole with its cause. What was written survives kill -9;
what was synced survives a loss of power as well.

Examples:

  crier log info --dir /var/lib/crier

  # one session, by the first digits of its id
  crier log info --dir /var/lib/crier 8f2a

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			r.declare(flags)
			return func(_ context.Context, std cli.Streams) (int, error) {
				id, err := session(flags)
				if err != nil {
					return 0, err
				}
				log, err := logdir.Open(r.dir)
				if err != nil {
					return 0, err
				}
				defer log.Close()
				states, err := log.Session(id)
				if err != nil {
					return 0, err
				}
				told, err := tell(log, states)
				if err != nil {
					return 0, err
				}
				return cli.ExitOK, r.print(std, told)
			}
		},
	}
}
