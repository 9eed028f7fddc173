package cli

import (
	"fmt"

	"github.com/spf13/pflag"
)

// onOff is a field that turns something off, as a flag that says on or off.
type onOff struct{ off *bool }

// OnOff returns a flag's value that sets *off where it says off.
func OnOff(off *bool) pflag.Value { return onOff{off} }

func (v onOff) Set(text string) error {
	if text != "on" && text != "off" {
		return fmt.Errorf("%q is not known: use on or off", text)
	}
	*v.off = text == "off"
	return nil
}

func (v onOff) String() string {
	if v.off != nil && *v.off {
		return "off"
	}
	return "on"
}

// Type returns the word for it in a list of flags.
func (v onOff) Type() string { return "on|off" }

func (v onOff) offers() Values { return Words("on", "off") }
