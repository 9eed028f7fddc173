package scenario

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// Text writes the scenario as a file that Parse reads, without the comments that it
// may once have had.
func (s *Scenario) Text() string {
	text, err := yaml.MarshalWithOptions(s, yaml.IndentSequence(true),
		yaml.UseLiteralStyleIfMultiline(true), yaml.OmitZero())
	if err != nil {
		panic(fmt.Sprintf("scenario: plain data can't be written: %v", err))
	}
	return string(text)
}

// Clone returns a copy that shares nothing.
func (s *Scenario) Clone() *Scenario {
	c, err := Parse(s.Name, []byte(s.Text()))
	if err != nil {
		panic(fmt.Sprintf("scenario: what was written can't be read: %v", err))
	}
	return c
}

// Brief is the first sentence of the story.
func (s *Scenario) Brief() string {
	first, _, _ := strings.Cut(strings.TrimSpace(s.Story), "\n")
	return first
}
