package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
)

// said is a command that prints its name, the value of --n, and its arguments.
func said(name, args string, subs ...*Command) *Command {
	return &Command{
		Name: name, Args: args, Brief: "say " + name, Subs: subs,
		Help: "Says it.\n\nExamples:\n\n  crier " + name + "\n",
		Setup: func(flags *FlagSet) func(context.Context, Streams) (int, error) {
			n := flags.Int("n", 0, "a `NUMBER`")
			return func(_ context.Context, std Streams) (int, error) {
				fmt.Fprintln(std.Out, name, *n, flags.Args())
				return ExitOK, nil
			}
		},
	}
}

// testTool has a command that runs and has one below it, one that takes arguments, and one
// that only leads to others.
func testTool() *Tool {
	return &Tool{About: "about\n\n", Notes: "\nnotes\n", Commands: []*Command{
		said("doctor", "", said("doctor echo", "", said("doctor echo deep", ""))),
		said("show", " NAME"),
		{Name: "sim", Brief: "simulate", Help: "Examples:\n\n  crier sim run\n",
			Subs: []*Command{said("sim run", " NAME"), {Name: "sim secret", Hidden: true}}},
	}}
}

func TestRun(t *testing.T) {
	for _, c := range []struct {
		args     string
		code     int
		out, err string
	}{
		{"doctor", 0, "doctor 0 []\n", ""},
		{"doctor --n 3", 0, "doctor 3 []\n", ""},
		{"doctor echo", 0, "doctor echo 0 []\n", ""},
		{"doctor echo --n 3", 0, "doctor echo 3 []\n", ""},
		{"doctor echo deep --n=3", 0, "doctor echo deep 3 []\n", ""},
		{"doctor ecko", 2, "", "crier doctor: there is no command \"ecko\" (did you mean echo?); " +
			"there are echo\n"},
		{"doctor echo x", 2, "", "crier doctor echo: there is no command \"x\"; there are deep\n"},
		{"doctor echo deep x", 2, "", "crier doctor echo deep: it takes no argument \"x\"; see " +
			"\"crier help doctor echo deep\"\n"},
		{"doctor echo --nn 3", 2, "", "crier doctor echo: there is no flag --nn (did you mean " +
			"--n?); see \"crier help doctor echo\"\n"},
		{"doctor --n", 2, "", "crier doctor: --n needs a value; see \"crier help doctor\"\n"},
		{"doctor --n x", 2, "", "crier doctor: --n \"x\" is not a whole number; see " +
			"\"crier help doctor\"\n"},
		{"show a -- --n b", 0, "show 0 [a --n b]\n", ""},
		{"show doctor", 0, "show 0 [doctor]\n", ""},
		{"sim run run", 0, "sim run 0 [run]\n", ""},
		{"sim rum", 2, "", "crier sim: there is no command \"rum\" (did you mean run?); " +
			"there are run\n"},
		{"shwo", 2, "", "crier: there is no command \"shwo\" (did you mean show?); the commands " +
			"are doctor, show, sim, completion, version, help\n"},
		{"sjm", 2, "", "crier: there is no command \"sjm\" (did you mean sim?); the commands " +
			"are doctor, show, sim, completion, version, help\n"},
		{"xyz", 2, "", "crier: there is no command \"xyz\"; the commands are doctor, show, sim, " +
			"completion, version, help\n"},
		{"--quiet", 2, "", "crier: there is no flag --quiet; see \"crier help\"\n"},
		{"help doctor ech", 2, "",
			"crier help: there is no command \"ech\" (did you mean echo?); there are echo\n"},
		{"help show run", 2, "", "crier help: it takes one command, not 2: \"show\" has none " +
			"below it; see \"crier help help\"\n"},
		{"completion csh", 2, "", "crier completion: there is no completion for \"csh\": give " +
			"bash, zsh, fish, powershell\n"},
	} {
		var out, err bytes.Buffer
		code := testTool().Run(t.Context(), strings.Fields(c.args),
			Streams{In: strings.NewReader(""), Out: &out, Err: &err})
		if code != c.code || out.String() != c.out || err.String() != c.err {
			t.Errorf("crier %s: %d, %q, %q", c.args, code, out.String(), err.String())
		}
	}
}

// The commands come in the order of the help, with their flags, and without what is hidden.
func TestWalk(t *testing.T) {
	var got []string
	testTool().Walk(func(c *Command, flags *FlagSet) {
		if flags.Lookup("n") != nil {
			got = append(got, c.Name+" --n")
		} else {
			got = append(got, c.Name)
		}
	})
	want := "doctor --n, doctor echo --n, doctor echo deep --n, show --n, sim, sim run --n, " +
		"completion, version, help"
	if text := strings.Join(got, ", "); text != want {
		t.Error(text)
	}
}

func TestWrapExamples(t *testing.T) {
	for _, c := range []struct {
		text, want string
		width      int
	}{
		{"  crier sub\n", "  crier sub\n", 20},
		{"  # one two three four\n", "  # one two\n  # three four\n", 14},
		{"  crier sub --one 1 --two 2 --three 3\n",
			"  crier sub --one 1 \\\n      --two 2 \\\n      --three 3\n", 22},
		{"  crier decode a-very-long-name\n", "  crier decode a-very-long-name\n", 20},
	} {
		if got := WrapExamples(c.text, c.width); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestFill(t *testing.T) {
	text := "One two\nthree four.\n\n  key   one two three\n  k     v\n\nEnd.\n"
	want := "One two three\nfour.\n\n  key   one two\n        three\n  k     v\n\nEnd.\n"
	if got := fill(text, 16); got != want {
		t.Errorf("%q", got)
	}
	// A number stays with its unit.
	got, want := fill("Frames in 3 s, of 1,472 B.\n", 11), "Frames in\n3 s, of\n1,472 B.\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The list of flags has a word in capitals for each value.
func TestUsages(t *testing.T) {
	flags := (&Command{Name: "x"}).Flags()
	flags.Uint64("count", 0, "how many")
	flags.Duration("for", 0, "how long")
	flags.StringArray("only", nil, "what")
	flags.IntSlice("sizes", []int{1, 2}, "which")
	flags.String("format", "lines", "how")
	Offer(flags, "format", Words("lines", "json"))
	flags.String("json", "", "write to `FILE`")
	flags.Lookup("json").NoOptDefVal = "-"
	flags.BoolP("quiet", "q", false, "be quiet")
	want := `      --count N         how many
      --for TIME        how long
      --only TEXT       what
      --sizes N         which (default 1,2)
      --format WORD     how (default lines)
      --json FILE[=-]   write to FILE
  -q, --quiet           be quiet
`
	if got := usages(flags, 80); got != want {
		t.Errorf("%s", got)
	}
}
