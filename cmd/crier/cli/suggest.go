package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noCommand returns the error about a word that is none of the commands below one.
func noCommand(above *cobra.Command, list []*Command, word string) error {
	these := "there are"
	if !above.HasParent() {
		these = "the commands are"
	}
	return Usagef("there is no command %q%s; %s %s", word, didYouMean(suggestions(above, word)),
		these, names(list))
}

// suggestions returns the commands below one that a mistyped word may stand for.
func suggestions(above *cobra.Command, word string) []string {
	above.SuggestionsMinimumDistance = 2 // letters that may differ
	if len(word) < 4 {
		above.SuggestionsMinimumDistance = 1
	}
	return above.SuggestionsFor(word)
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
			names.AddCommand(&cobra.Command{Use: "--" + f.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	return suggestions(names, "--"+name)
}
