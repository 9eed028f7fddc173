// Package sim is "crier sim": scenarios in a simulated network, measured, explained and
// swept over.
package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/testnet/scenario"
)

// Command is "crier sim", with its commands below it.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "sim",
		Brief: "try loss, crashes and crowds in a simulated network",
		Help: `The real protocol in virtual time, over a network that a file describes. The same
scenario and seed give the same run, byte for byte, on any machine. A checker that knows all
messages and losses ends every run. It takes some seconds and needs neither root nor a network.
docs/SIMULATION.md has the file format.

Examples:

  # what there is to see
  crier sim list

  # one subscriber of twenty loses 30 %
  crier sim run crybaby

  # a file to start one's own from
  crier sim show crash
`,
		Subs: []*cli.Command{listCommand(), showCommand(), runCommand(), sweepCommand()},
	}
}

func listCommand() *cli.Command {
	return &cli.Command{
		Name:  "sim list",
		Brief: "list the built-in scenarios",
		Help: `Each is a file that "crier sim show" prints, and "crier sim run" runs.

Examples:

  crier sim list

  crier sim list --stories

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			stories := flags.Bool("stories", false, "tell the whole story of each")
			return func(_ context.Context, std cli.Streams) (int, error) {
				_, err := io.WriteString(std.Out, list(*stories, cli.SheetOf(std.Out)))
				return cli.ExitOK, err
			}
		},
	}
}

// list names the scenarios, each with its story.
func list(stories bool, sheet cli.Sheet) string {
	var built, recorded strings.Builder
	longest := 0
	for _, name := range scenario.Builtins() {
		longest = max(longest, len(name))
	}
	for _, name := range scenario.Builtins() {
		s, err := scenario.Builtin(name)
		if err != nil {
			panic(err) // a test reads them all
		}
		text := s.Brief()
		if stories {
			text = s.Story
		}
		out := &built
		if len(s.Files()) > 0 {
			out = &recorded
		}
		out.WriteString(sheet.Beside(fmt.Sprintf("%-*s  ", longest, name), text))
		if files := s.Files(); len(files) > 0 {
			out.WriteString(sheet.Beside(fmt.Sprintf("%*s  ", longest, ""),
				"from "+scenario.Origin(files[0])))
		}
	}
	return built.String() + sheet.Fill(recordedHead) + recorded.String()
}

// recordedHead stands before the scenarios that replay records.
const recordedHead = "\nThese replay recorded networks, and need files that are not part of " +
	"crier; --trace-dir names their folder, and docs/SIMULATION.md their form:\n\n"

func showCommand() *cli.Command {
	return &cli.Command{
		Name: "sim show",
		Args: " NAME", ArgValues: scenarios(),
		Brief: "print a built-in scenario's file",
		Help: `To start one's own from: change it, and run the file. docs/SIMULATION.md has each
key.

Examples:

  crier sim show crash

  crier sim show implosion

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			return func(_ context.Context, std cli.Streams) (int, error) {
				if flags.NArg() != 1 {
					return 0, cli.Usagef("it takes one name: %s",
						strings.Join(scenario.Builtins(), ", "))
				}
				text, err := scenario.BuiltinText(flags.Arg(0))
				if err != nil {
					return 0, cli.Usage(err)
				}
				_, err = std.Out.Write(text)
				return cli.ExitOK, err
			}
		},
	}
}

// scenarios offers the names of the built-in scenarios.
func scenarios() cli.Values { return cli.WordsFrom(scenario.Builtins) }

// source finds scenarios, their records and their feeds.
type source struct {
	traceDir string
	dir      string // of the scenario's file
	// tell, if set, is called with what is odd about a feed, and opened with each feed.
	tell   func(string)
	opened func(*scenario.Publisher, *feed.Reader)
}

func (s *source) declare(flags *cli.FlagSet) {
	flags.StringVar(&s.traceDir, "trace-dir", "",
		"`DIRECTORY` of recorded traces and feeds (default: that of the scenario's file)")
	cli.Offer(flags, "trace-dir", cli.Directories())
}

// text returns the file of a built-in scenario, or a file.
func (s *source) text(name string) ([]byte, error) {
	if text, err := scenario.BuiltinText(name); err == nil {
		return text, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Usagef(
			"there is neither a built-in scenario nor a file %q; built in are %s", name,
			strings.Join(scenario.Builtins(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be read (%w): name a file that can", name,
			cli.BareError(err))
	}
	s.dir = filepath.Dir(name)
	return text, nil
}

// load reads a scenario.
func (s *source) load(name string) (*scenario.Scenario, error) {
	text, err := s.text(name)
	if err != nil {
		return nil, err
	}
	sc, err := scenario.Parse(name, text)
	if err != nil {
		return nil, cli.Usage(err)
	}
	return sc, nil
}

// path is where a record or feed lies.
func (s *source) path(name string) (string, error) {
	path := name
	switch {
	case filepath.IsAbs(name):
	case s.traceDir != "":
		path = filepath.Join(s.traceDir, name)
	case s.dir != "":
		path = filepath.Join(s.dir, name)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		from := ""
		if origin := scenario.Origin(name); origin != "" {
			from = " (it is not part of crier, but " + origin + ")"
		}
		return "", fmt.Errorf("%s is not there%s: give the folder that it is in with --trace-dir",
			path, from)
	}
	return path, nil
}

// again returns a command with what it needs to find the scenario's records and feeds from
// where this one was given.
func (s *source) again(command string, sc *scenario.Scenario) string {
	folder := s.traceDir
	if folder == "" {
		folder = s.dir
	}
	if folder == "" ||
		!slices.ContainsFunc(sc.Files(), func(name string) bool { return !filepath.IsAbs(name) }) {
		return command
	}
	return command + " --trace-dir " + folder
}

// open opens a record.
func (s *source) open(name string) (io.ReadCloser, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// options returns the options that scenarios are played with.
func (s *source) options(seed uint64) scenario.Options {
	return scenario.Options{Seed: seed, Open: s.open, Feed: s.feed, Adjust: adjust}
}

// feed opens the recorded feed of a publisher, or makes one up.
func (s *source) feed(p *scenario.Publisher, seed uint64) (scenario.Feed, error) {
	if p.Feed == "market" {
		return scenarioFeed{feed.NewMarket(feed.MarketOptions{Seed: seed})}, nil
	}
	path, err := s.path(p.Feed)
	if err != nil {
		return nil, err
	}
	format := p.Format
	if format == "" {
		format = "pcap"
	}
	f, err := feed.Open(feed.Options{From: path, Format: format, Split: p.Split, Only: p.Only,
		MaxGap: time.Duration(p.MaxGap), Tell: s.tell}, nil)
	if err != nil {
		return nil, err
	}
	if s.opened != nil {
		s.opened(p, f)
	}
	return scenarioFeed{f}, nil
}

// scenarioFeed is a feed as scenarios take it.
type scenarioFeed struct{ feed.Feed }

func (f scenarioFeed) Next() (time.Duration, []byte, error) {
	rec, err := f.Feed.Next()
	return rec.At, rec.Payload, err
}
