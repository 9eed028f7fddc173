package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noCommand returns the error about a word that is none of the commands below one.
func noCommand(above *cobra.Command, word string) error {
	these := "there are"
	if !above.HasParent() {
		these = "the commands are"
	}
	return Usagef("there is no command %q%s; %s %s", word, didYouMean(suggestions(above, word)),
		these, strings.Join(names(above), ", "))
}

// names returns the names of the commands below one that the help shows.
func names(above *cobra.Command) []string {
	var list []string
	for _, c := range above.Commands() {
		if !c.Hidden {
			list = append(list, c.Name())
		}
	}
	return list
}

// suggestions returns the commands below one that a mistyped word may stand for: those with
// the same letters in another order, or else with the fewest letters that differ, up to two.
func suggestions(above *cobra.Command, word string) []string {
	var list []string
	for typos := 1; typos <= 2 && len(list) == 0; typos++ {
		above.SuggestionsMinimumDistance = typos
		list = above.SuggestionsFor(word)
	}
	same := slices.DeleteFunc(slices.Clone(list),
		func(name string) bool { return letters(name) != letters(word) })
	if len(same) > 0 {
		return same
	}
	return list
}

// letters returns the letters of a word in their order.
func letters(word string) string {
	list := strings.Split(word, "")
	slices.Sort(list)
	return strings.Join(list, "")
}

// didYouMean returns a question for the words, or nothing.
func didYouMean(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return " (did you mean " + strings.Join(words, " or ") + "?)"
}

// flagError returns the error about a command's flags in a sentence.
func flagError(c *cobra.Command, err error) error {
	text := flagText(err)
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		text += didYouMean(flagSuggestions(c.Flags(), unknown.GetSpecifiedName()))
	}
	help := strings.TrimPrefix(c.CommandPath(), c.Root().Name())
	return Usage(fmt.Errorf("%s; see \"crier help%s\"", text, help))
}

// flagSuggestions returns the flags that a mistyped name may stand for.
func flagSuggestions(flags *FlagSet, name string) []string {
	names := &cobra.Command{} // whose commands are the flags
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names.AddCommand(&cobra.Command{Use: "--" + f.Name,
				Run: func(*cobra.Command, []string) {}})
		}
	})
	return suggestions(names, "--"+name)
}
