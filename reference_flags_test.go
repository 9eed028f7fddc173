package crier_test

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/commands"
)

const (
	flagsReference = "docs/reference/flags.md"
	flagsHead      = `# Commands and their flags

Every command that "crier help" shows, with its flags. Values are written like this:

| value | written as |
| --- | --- |
| time | a number and a unit of ns, us, ms, s, m or h: "500us", "1.5s" |
| size | a whole number and a unit of B, kB, MB, GB, KiB, MiB, GiB or TiB; without one, bytes: "64MiB" |
| rate | a number and a unit of bit, kbit, Mbit, Gbit or Tbit, a second: "100Mbit" |
| switch | no value, or "=true" or "=false" |
| list | several values with commas between them, or the flag several times |

Without a range, any value of the kind is taken. Exit codes are in [EXIT.md](../EXIT.md).

| variable of the environment | meaning |
| --- | --- |
| "CRIER_GROUP" | default of "--group" |
| "CRIER_IFACE" | default of "--iface" |
| "NO_COLOR" | any value but an empty one turns colours off |

This file is written by "go test . -run FlagsReference -update" from the flags' declarations.
`
)

// A flagRange is the range of a flag's value. Outside holds values beyond it, with the further
// words that the command needs.
type flagRange struct {
	text    string
	outside []string
	with    string
}

// flagRanges are the ranges of flags that have one, by command and flag. A command of * stands
// for all.
var flagRanges = map[string]flagRange{
	"pub count":         {"1 or more", []string{"0", "-1"}, ""},
	"sub count":         {"1 or more", []string{"0", "-1"}, ""},
	"pub size":          {"0 to 16MiB", []string{"16777217", "-1"}, ""},
	"pub rate":          {"more than 0, messages a second", []string{"0", "-5", "NaN"}, ""},
	"pub speed":         {"more than 0, or max", []string{"0", "-1"}, ""},
	"pub resend-buffer": {"16KiB or more", []string{"16383"}, ""},
	"pub repair-share":  {"more than 0, to 10", []string{"0", "10.1"}, ""},
	"pub repair-floor":  {"1bit to 8Tbit", []string{"0", "9Tbit"}, ""},
	"pub disk": {"1MiB or more", []string{"1048575"},
		"--pace slowest --disk-dir ."},
	"pub stall-timeout": {"more than 0s", []string{"0s"}, "--pace slowest"},
	"pub wait-for":      {"0 to 4096", []string{"-1", "4097"}, ""},
	"pub max-rate":      {"525kbit to 8Tbit", []string{"524kbit", "9Tbit"}, ""},
	"pub max-burst":     {"up to 1GiB", []string{"2GiB"}, "--max-rate 1Gbit"},
	"pub batch-wait":    {"0s or more", []string{"-1ms"}, ""},
	"pub linger":        {"more than 0s", []string{"0s"}, ""},
	"pub datagram":      {"256 to 65507", []string{"255", "65508"}, ""},
	"pub ttl":           {"1 to 255", []string{"0", "256"}, ""},
	"pub dscp":          {"0 to 63", []string{"-1", "64"}, ""},
	"pub name":          {"up to 255 bytes", []string{strings.Repeat("n", 256)}, ""},
	"sub name":          {"up to 255 bytes", []string{strings.Repeat("n", 256)}, ""},
	"* control-port":    {"1 to 65535", []string{"0", "65536"}, ""},
	"* read-buffer":     {"1 to 512MiB", []string{"0", "513MiB"}, ""},
	"pub drop":          {"0 to 1", []string{"-0.1", "1.1"}, ""},
	"sub drop":          {"0 to 1", []string{"-0.1", "1.1"}, ""},
	"record drop":       {"0 to 1", []string{"-0.1", "1.1"}, ""},
	"record name":       {"up to 255 bytes", []string{strings.Repeat("n", 256)}, ""},
	"record timeout":    {"more than 0s", []string{"0s"}, ""},
	"record silence":    {"more than 0s", []string{"0s"}, ""},
	"record buffer":     {"64KiB or more", []string{"65535"}, ""},
	"record tail":       {"2MiB or more", []string{"2097151"}, ""},
	"record segment":    {"4KiB to 1GiB", []string{"4095", "2GiB"}, ""},
	"record serve-rate": {"64KiB or more", []string{"65535"}, ""},
	"sub timeout":       {"more than 0s", []string{"0s"}, ""},
	"sub silence":       {"more than 0s", []string{"0s"}, ""},
	"sub max-wait":      {"more than 0s", []string{"0s"}, ""},
	"sub buffer":        {"64KiB or more", []string{"65535"}, ""},
	"sub history":       {"0, or 128KiB or more", []string{"1", "131071"}, ""},
	"sub work":          {"0s or more", []string{"-1s"}, ""},
	"doctor ttl":        {"1 to 255", []string{"0", "256"}, ""},
	"doctor probes":     {"100 to 131072", []string{"99", "131073"}, ""},
	"doctor soak":       {"up to 24h", []string{"-1s", "25h"}, ""},
	"doctor echo ttl":   {"1 to 255", []string{"0", "256"}, ""},
	"doctor echo port":  {"1 to 65535", []string{"0", "65536"}, ""},
	"doctor echo for":   {"more than 0s", []string{"0s", "-1s"}, ""},
	"* subscribers":     {"1 to 64", []string{"0", "65"}, ""},
	"* publishers":      {"1 to 64", []string{"0", "65"}, ""},
	"* duration":        {"10ms to 24h", []string{"9ms", "25h"}, ""},
	"* runs":            {"1 to 1000", []string{"0", "1001"}, ""},
	"* in-flight":       {"64KiB to 32MiB", []string{"65535", "33MiB"}, ""},
	"* drop":            {"0 to below 1", []string{"-0.1", "1"}, ""},
	"sim sweep seeds":   {"1 or more", []string{"0"}, "storm --vary subscribers.count=1"},
	"sim sweep workers": {"1 or more", []string{"0"}, "storm --vary subscribers.count=1"},
}

// TestFlagsReference holds docs/reference/flags.md to the commands' declarations.
func TestFlagsReference(t *testing.T) {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(flagsHead, `"`, "`"))
	used := map[string]bool{}
	commands.Tool().Walk(func(c *cli.Command, flags *cli.FlagSet) {
		fmt.Fprintf(&b, "\n## crier %s\n\n`crier %[1]s%s%s`: %s.\n", c.Name,
			map[bool]string{true: " [flags]"}[flags.HasAvailableFlags()], c.Args, c.Brief)
		head := "\n| flag | value | default | meaning |\n| --- | --- | --- | --- |\n"
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			r, key := rangeOf(c.Name, f.Name)
			used[key] = true
			b.WriteString(head + flagRow(f, r.text))
			head = ""
		})
	})
	for key := range flagRanges {
		if !used[key] {
			t.Errorf("there is no flag %s", key)
		}
	}
	held(t, flagsReference, b.String())
}

// rangeOf returns the range of a command's flag, and its key.
func rangeOf(command, flag string) (flagRange, string) {
	for _, key := range []string{command + " " + flag, "* " + flag} {
		// What pub --subscribers prints is no number.
		r, ok := flagRanges[key]
		if !ok || command+" "+flag == "pub subscribers" {
			continue
		}
		if command == "bench spill" {
			r.with += " --disk-dir ."
		}
		return r, key
	}
	return flagRange{}, ""
}

var (
	usageDefault = regexp.MustCompile(`\(default:? ([^()]*(?:\([^()]*\)[^()]*)*)\)`)
	manyZeros    = regexp.MustCompile(`(\d+)\.0{6}\b`)
	flagKinds    = map[string]string{"duration": "time", "int": "number", "uint": "number",
		"uint64": "number", "float": "number", "string": "text", "size": "size", "RATE": "rate",
		"SIZE": "list of sizes", "": "switch", "speed": "number"}
)

// flagRow returns a flag's row.
func flagRow(f *pflag.Flag, values string) string {
	kind, usage := pflag.UnquoteUsage(f)
	if word, ok := flagKinds[kind]; ok {
		kind = word
	} else {
		kind = "`" + kind + "`"
	}
	if f.Value.Type() == "bool" {
		kind = "switch"
	}
	if strings.HasSuffix(f.Value.Type(), "Slice") {
		kind += ", list"
	}
	if values != "" {
		kind += ": " + values
	}
	standard := ""
	if m := usageDefault.FindStringSubmatch(usage); m != nil {
		standard, usage = m[1], strings.TrimSpace(strings.Replace(usage, m[0], "", 1))
	} else if d := f.DefValue; d != "" && d != "0" && d != "false" && d != "[]" && d != "0s" &&
		d != "0B" && d != "0bit" {
		standard = "`" + manyZeros.ReplaceAllString(strings.Trim(d, "[]"), "$1") + "`"
	}
	if f.Name == "workers" { // differs from machine to machine
		standard = "number of processors"
	}
	name := "`--" + f.Name + "`"
	if f.Shorthand != "" {
		name += ", `-" + f.Shorthand + "`"
	}
	cells := []string{name, kind, standard, strings.Join(strings.Fields(usage), " ")}
	for i := range cells {
		cells[i] = strings.NewReplacer("|", `\|`, "<", `\<`).Replace(cells[i])
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// TestFlagRanges holds the ranges of the reference to the commands: what is outside is refused.
func TestFlagRanges(t *testing.T) {
	tool := commands.Tool()
	tool.Walk(func(c *cli.Command, flags *cli.FlagSet) {
		flags.VisitAll(func(f *pflag.Flag) {
			r, _ := rangeOf(c.Name, f.Name)
			for _, value := range r.outside {
				args := append(strings.Fields(c.Name), "--"+f.Name+"="+value)
				args = append(args, strings.Fields(r.with)...)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				var said strings.Builder
				exit := tool.Run(ctx, args, cli.Streams{In: strings.NewReader(""), Out: io.Discard,
					Err: &said})
				cancel()
				if exit != cli.ExitUsage || !strings.Contains(said.String(), "--"+f.Name) {
					t.Errorf("crier %.80q: exit code %d: %s", args, exit, said.String())
				}
			}
		})
	})
}
