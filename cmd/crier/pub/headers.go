package pub

import (
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
	"crier/reliable"
	"crier/reliable/frame"
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
	h.list = append(h.list, reliable.Header{Name: name, Value: []byte(value)})
	return nil
}

// check returns an error about headers that don't fit a message.
func (h *headersFlag) check() error {
	if _, err := frame.AppendProperties(nil, nil, h.list); err != nil {
		return cli.Usagef("--header: %v", err)
	}
	return nil
}

func (h *headersFlag) Type() string { return "NAME=VALUE" }
