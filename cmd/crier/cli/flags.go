package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

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
