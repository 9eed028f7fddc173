package pub

import (
	"fmt"
	"strings"

	"crier/reliable"
)

// headersFlag is the value of --header: those that come with each message.
type headersFlag struct{ list []reliable.Header }

func (h *headersFlag) String() string {
	var words []string
	for _, one := range h.list {
		words = append(words, one.Name+"="+string(one.Value))
	}
	return strings.Join(words, " ")
}

// Set and Type make headersFlag a Value.
func (h *headersFlag) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q has no name and value: write it as in source=feed1", text)
	}
	for _, one := range h.list {
		if one.Name == name {
			return fmt.Errorf("%q is the second header of this name: give it once", text)
		}
	}
	h.list = append(h.list, reliable.Header{Name: name, Value: []byte(value)})
	return nil
}

func (h *headersFlag) Type() string { return "NAME=VALUE" }
