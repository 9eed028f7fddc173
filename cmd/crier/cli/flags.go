package cli

import (
	"errors"
	"fmt"
	"slices"

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
		o := Option{Name: "--" + f.Name}
		if f.Shorthand != "" {
			o.Short = "-" + f.Shorthand
		}
		o.Word, o.Usage = pflag.UnquoteUsage(f)
		o.Optional = f.NoOptDefVal != "" && o.Word != ""
		if !slices.Contains([]string{"", "0", "0s", "false", "[]"}, f.DefValue) {
			o.Default = f.DefValue
		}
		list = append(list, o)
	})
	return list
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
