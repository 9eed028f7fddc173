// Package stretch has the flags that choose a stretch of a stream, --start and --until, which
// crier sub and crier replay share.
package stretch

import (
	"slices"
	"time"

	"crier/cmd/crier/cli"
	"crier/reliable"
)

// DeclareStart declares --start. A shell offers the words.
func DeclareStart(flags *cli.FlagSet, start *reliable.Start, usage string, words ...string) {
	flags.Var(value[reliable.Start]{start, reliable.ParseStart}, "start", usage)
	cli.Offer(flags, "start", cli.Words(slices.Concat(words, []string{"offset:", "time:"})...))
}

// DeclareUntil declares --until.
func DeclareUntil(flags *cli.FlagSet, until *reliable.Until, usage string) {
	flags.Var(value[reliable.Until]{until, reliable.ParseUntil}, "until", usage)
	cli.Offer(flags, "until", cli.Words("offset:", "time:"))
}

// value is a flag's value that is parsed with the time of the parsing.
type value[T interface{ String() string }] struct {
	to    *T
	parse func(text string, now time.Time) (T, error)
}

func (v value[T]) Set(text string) error {
	to, err := v.parse(text, time.Now())
	if err == nil {
		*v.to = to
	}
	return err
}

func (v value[T]) String() string {
	if v.to == nil {
		return ""
	}
	return (*v.to).String()
}

// Type is the word for the value in a help.
func (v value[T]) Type() string { return "point" }
