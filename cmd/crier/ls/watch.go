package ls

import (
	"context"
	"fmt"
	"time"

	"crier/cmd/crier/cli"
	"crier/subscriber/directory"
)

// Change is the JSON of a change, of crier ls --watch --json.
type Change struct {
	Change string `json:"change"` // found, updated or gone
	Time   string `json:"time"`   // when that was seen
	// Publisher is the one, as it announced itself last.
	Publisher Publisher `json:"publisher"`
}

// watchJSON prints what changes, the publishers that are there at first included.
func (o *options) watchJSON(
	ctx context.Context, std cli.Streams, c *directory.Client,
) (int, error) {
	for change := range c.Changes(ctx) {
		now := time.Now().UTC().Format(time.RFC3339Nano)
		err := writeJSON(std, Change{change.Kind.String(), now, publisherOf(&change.Entry)})
		if err != nil {
			return 0, err
		}
	}
	return cli.ExitOK, nil
}

// watchText prints a line for each publisher that begins and ends from now on.
func watchText(ctx context.Context, std cli.Streams, c *directory.Client) error {
	known := map[directory.SessionID]bool{}
	for _, e := range c.Entries() {
		known[e.Session] = true
	}
	for change := range c.Changes(ctx) {
		e := &change.Entry
		what := newsOf(&change, known)
		if what == "" {
			continue
		}
		p := publisherOf(e)
		_, err := fmt.Fprintf(std.Out, "%s %s: %s %s\n", time.Now().Format(time.TimeOnly),
			cli.Printable(e.Topic), p.who(len(p.Name)), what)
		if err != nil {
			return err
		}
	}
	return nil
}

// newsOf says what has happened to a publisher, or nothing if it isn't to be told: it was listed.
func newsOf(c *directory.Change, known map[directory.SessionID]bool) string {
	switch {
	case c.Kind == directory.Found && !known[c.Entry.Session]:
		return "found, " + layout(&c.Entry)
	case c.Kind == directory.Gone:
		return "gone"
	}
	return ""
}
