package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// An Option is a flag as help shows it.
type Option struct {
	Name  string // as in --rate
	Short string // as in -q, or nothing
	// Word stands for the value; it is empty for a flag that needs none. Optional reports that
	// the value may be left out; it then follows an equals sign.
	Word     string
	Optional bool
	// Usage says what the flag does, and Default is its value unless it is given, if that is
	// something.
	Usage, Default string
}

// Options returns the flags that help shows, in the order in which they were declared.
func Options(flags *FlagSet) []Option {
	var list []Option
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		list = append(list, optionOf(f))
	})
	return list
}

func optionOf(f *pflag.Flag) Option {
	o := Option{Name: "--" + f.Name}
	if f.Shorthand != "" {
		o.Short = "-" + f.Shorthand
	}
	o.Word, o.Usage = pflag.UnquoteUsage(f)
	if word, ok := typeWords[o.Word]; ok {
		o.Word = word
	}
	if v, ok := f.Value.(offered); ok && v.values.words != nil && o.Word == "TEXT" {
		o.Word = "WORD"
	}
	o.Optional = f.NoOptDefVal != "" && o.Word != ""
	if !slices.Contains([]string{"", "0", "0s", "false", "[]"}, f.DefValue) {
		o.Default = strings.Trim(f.DefValue, "[]")
	}
	return o
}

// typeWords are the words for values whose flag has none of its own, by pflag's.
var typeWords = map[string]string{
	"int": "N", "ints": "N", "uint": "N", "uint16": "N", "float": "NUMBER", "string": "TEXT",
	"strings": "TEXT", "stringArray": "TEXT", "duration": "TIME", "size": "SIZE", "rate": "RATE",
	"rates": "RATE",
}

// shown is a value as pflag lists it.
type shown struct {
	pflag.Value
	word string
}

// Type returns the word for the value. That of a bool keeps pflag from adding [=true|false].
func (s shown) Type() string {
	if s.word == "" {
		return "bool"
	}
	return s.word
}

// flagText describes a parse error in a sentence.
func flagText(err error) string {
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		flag := "--" + invalid.GetFlag().Name
		switch kind := invalid.GetFlag().Value.Type(); kind {
		case "uint64":
			return fmt.Sprintf("%s %q is not a whole number of 0 or more", flag, invalid.GetValue())
		case "uint16":
			return fmt.Sprintf("%s %q is not a port: give 1 to 65535", flag, invalid.GetValue())
		case "int":
			return fmt.Sprintf("%s %q is not a whole number", flag, invalid.GetValue())
		case "float64":
			return fmt.Sprintf("%s %q is not a number", flag, invalid.GetValue())
		case "duration":
			return fmt.Sprintf("%s %q is not a time: give a number and a unit, such as 500us, "+
				"10ms or 2s", flag, invalid.GetValue())
		case "bool":
			return fmt.Sprintf("%s takes no value but true or false, not %q", flag,
				invalid.GetValue())
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
