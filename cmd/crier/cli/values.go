package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Values are what a shell offers for a flag or an argument: words, or where none fits files or
// directories. The zero value offers nothing.
type Values struct {
	words func(before []string) []string
	list  bool
	files bool
	ext   []string // of the files, if not all
	dirs  bool
}

// Words offers these words. Behind a colon or an equals sign at the end of one something must
// follow.
func Words(words ...string) Values { return WordsFrom(func() []string { return words }) }

// WordsFrom offers the words that f returns when a shell asks.
func WordsFrom(f func() []string) Values {
	return Values{words: func([]string) []string { return f() }}
}

// Files offers files, of these extensions if there are any, as in "pcap".
func Files(ext ...string) Values { return Values{files: true, ext: ext} }

// Directories offers directories.
func Directories() Values { return Values{dirs: true} }

// List offers the words also behind each comma.
func (v Values) List() Values {
	v.list = true
	return v
}

// OrFiles offers files as well.
func (v Values) OrFiles(ext ...string) Values {
	v.files, v.ext = true, ext
	return v
}

// Offer sets what a shell offers for a flag that was declared.
func Offer(flags *FlagSet, name string, values Values) {
	f := flags.Lookup(name)
	f.Value = offered{f.Value, values}
	if f.DefValue == "[]" { // which the help would show now
		f.DefValue = ""
	}
}

// offered is a flag's value with what a shell offers for it.
type offered struct {
	pflag.Value
	values Values
}

func (o offered) offers() Values { return o.values }

// complete makes cobra offer the values of a command's flags and of its arguments. Of these
// the first has values, or each where Args ends with "...".
func (c *Command) complete(built *cobra.Command) {
	built.ValidArgsFunction = func(_ *cobra.Command, before []string, word string) ([]string,
		cobra.ShellCompDirective) {
		if len(before) > 0 && !strings.HasSuffix(c.Args, "...") {
			return Values{}.fitting(nil, word)
		}
		return c.ArgValues.fitting(before, word)
	}
	built.Flags().VisitAll(func(f *pflag.Flag) {
		var values Values
		if v, ok := f.Value.(interface{ offers() Values }); ok {
			values = v.offers()
		}
		_, f.Usage = pflag.UnquoteUsage(f)
		built.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, _ []string,
			word string) ([]string, cobra.ShellCompDirective) {
			return values.fitting(nil, word)
		})
	})
}

// fitting returns the values that begin as a word does, behind the arguments before it.
func (v Values) fitting(before []string, word string) ([]string, cobra.ShellCompDirective) {
	begun := ""
	if i := strings.LastIndexByte(word, ','); v.list && i >= 0 {
		begun = word[:i+1]
	}
	var fit []string
	if v.words != nil {
		for _, w := range v.words(before) {
			if strings.HasPrefix(begun+w, word) {
				fit = append(fit, begun+w)
			}
		}
	}
	switch {
	case len(fit) == 1 && strings.ContainsAny(fit[0][len(fit[0])-1:], ":="):
		return fit, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	case len(fit) > 0 || !v.files && !v.dirs:
		return fit, cobra.ShellCompDirectiveNoFileComp
	case v.dirs:
		return nil, cobra.ShellCompDirectiveFilterDirs
	case len(v.ext) > 0:
		return v.ext, cobra.ShellCompDirectiveFilterFileExt
	}
	return nil, cobra.ShellCompDirectiveDefault
}
