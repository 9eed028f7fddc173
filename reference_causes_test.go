package crier_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"crier/publisher"
	"crier/reliable"
	"crier/subscriber"
)

const causesReference = "docs/reference/causes.md"

// remedies tell what to do about a loss, by its cause.
var remedies = map[subscriber.Cause]string{
	subscriber.CauseGone: "Give the publisher a larger `--resend-buffer`, or let it wait with " +
		"`--pace slowest`; of a subscriber that falls behind, see `lag` and `no_room_frames`.",
	subscriber.CauseUnanswered: "Data comes and answers don't: let UDP through from the " +
		"subscriber to the publisher's control port, and back (`--control-port`). On a way of " +
		"seconds raise `--silence`.",
	subscriber.CauseSilent: "The publisher crashed, is cut off, or stands still. What it held " +
		"died with it, unless it comes back with the same session.",
	subscriber.CauseEnded: "Give the publisher a longer `--linger`, or let it wait with `--pace`.",
	subscriber.CauseDropped: "The publisher runs `--when-full drop` and had no room: raise " +
		"`--resend-buffer` or `--disk`, or choose `--when-full block`.",
	subscriber.CauseLate:         "Raise `--max-wait`, or leave it out.",
	subscriber.CauseNotRecovered: "The subscriber runs `--recovery off`.",
	subscriber.CauseMemory:       "Raise the subscriber's `--buffer` (`Memory.Total` in Go).",
	subscriber.CauseMalformed: "Two publishers use one session id, or frames are forged: look " +
		"for another sender in the group.",
	subscriber.CauseClosed: "The subscriber left first, by `--count`, `--timeout` or a signal.",
	subscriber.CauseSlow: "The application takes messages too slowly for `--overload " +
		"drop-oldest` or `drop-newest`: make it quicker, raise `--buffer`, or choose `block`.",
	subscriber.CauseTooLarge: "The MTU of the publisher's network fell: give it a smaller " +
		"`--datagram` from the start.",
	subscriber.CauseDamaged: "Look at the disk: `crier log verify` names each damaged block. " +
		"Another recorder of the stream may have them.",
	subscriber.CauseNobody: "Let a recorder keep the stream (`crier record`), or let more " +
		"subscribers keep a history. The certificate names those that looked.",
	subscriber.CauseNoHolder: "Is a recorder there that keeps so much? Look with `crier log ls`, " +
		"and let its datagrams through.",
	subscriber.CauseUntil: "Nothing: it is where `--until` ends.",
	subscriber.CauseUnwritten: "Give the log's disk room, or `crier record` a smaller `--keep`. " +
		"Another recorder of the stream may have them.",
}

// TestCausesReference holds docs/reference/causes.md to the causes, ends, events and states that
// the library has, and to their comments.
func TestCausesReference(t *testing.T) {
	const head = `# Causes, ends, events and states

The words in loss reports, summaries, events and tables. The constants and their meanings are those
of the Go packages.

This file is written by "go test . -run CausesReference -update".
`
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(head, `"`, "`"))
	said := constComments(t, "subscriber")

	b.WriteString("\n## Causes of loss\n\n" +
		"| cause | in Go | means | what to do |\n| --- | --- | --- | --- |\n")
	n := 0
	for c := subscriber.Cause(1); !strings.HasPrefix(c.String(), "cause "); c++ {
		name := causeConstants[c]
		meaning := strings.TrimPrefix(said[name], "means that ")
		if name == "" || meaning == "" || remedies[c] == "" {
			t.Errorf("the cause %q has no constant, no comment or no remedy here", c)
		}
		fmt.Fprintf(&b, "| %s | `subscriber.%s` | %s | %s |\n", c, name, meaning, remedies[c])
		n++
	}
	if n != len(remedies) || n != len(causeConstants) {
		t.Errorf("there are %d causes, %d remedies and %d constants", n, len(remedies),
			len(causeConstants))
	}

	b.WriteString("\n## Ends\n\nThe end of a session in summaries.\n\n" +
		"| end | means |\n| --- | --- |\n" +
		"| `bye` | the publisher said BYE: all that it published is known |\n" +
		"| `silent` | the publisher wasn't heard for the silence time: what came after " +
		"`next_offset` is unknown |\n" +
		"| `until` | delivery ended where it was to |\n" +
		"| `open` | the subscriber left first: what came after `next_offset` is unknown |\n")

	b.WriteString("\n## Events\n\nIn `crier sub --format json`, and in Go.\n\n" +
		"| type | in Go | means |\n| --- | --- | --- |\n")
	for k, name := range eventConstants {
		kind := subscriber.Kind(k + 1)
		fmt.Fprintf(&b, "| `%v` | `subscriber.%s` | %s |\n", kind, name,
			strings.TrimPrefix(strings.TrimPrefix(said[name], "reports that "), "is "))
		if said[name] == "" {
			t.Errorf("the event %v has no comment", kind)
		}
	}
	next := subscriber.Kind(len(eventConstants) + 1)
	if !strings.HasPrefix(next.String(), "event ") {
		t.Errorf("the event %v is missing here", next)
	}

	b.WriteString("\n## States of a subscriber\n\nAt a publisher: in `crier pub --subscribers`, " +
		"in its summary, and in Go.\n\n| state | in Go | means |\n| --- | --- | --- |\n")
	said = constComments(t, "publisher")
	for i, name := range stateConstants {
		state := publisher.MemberState(i)
		fmt.Fprintf(&b, "| `%v` | `publisher.%s` | %s |\n", state, name,
			strings.TrimPrefix(said[name], "is the state of "))
		if said[name] == "" || !strings.EqualFold(name, state.String()) {
			t.Errorf("the state %v is not publisher.%s, or has no comment", state, name)
		}
	}

	b.WriteString("\n## A publisher without room\n\nThe causes by which Publish waited, or " +
		"messages were dropped; the summary counts times and durations by cause.\n\n" +
		"| by | counters | means |\n| --- | --- | --- |\n")
	for i, meaning := range blockers {
		by := strings.ReplaceAll(publisher.Blocker(i).String(), " ", "_")
		fmt.Fprintf(&b, "| %v | `blocked_by_%s_times`, `blocked_by_%[2]s_ns` | %s |\n",
			publisher.Blocker(i), by, meaning)
	}
	held(t, causesReference, b.String())
}

var (
	causeConstants = map[subscriber.Cause]string{
		subscriber.CauseGone: "CauseGone", subscriber.CauseUnanswered: "CauseUnanswered",
		subscriber.CauseSilent: "CauseSilent", subscriber.CauseEnded: "CauseEnded",
		subscriber.CauseDropped: "CauseDropped", subscriber.CauseLate: "CauseLate",
		subscriber.CauseNotRecovered: "CauseNotRecovered",
		subscriber.CauseMemory:       "CauseMemory", subscriber.CauseMalformed: "CauseMalformed",
		subscriber.CauseClosed: "CauseClosed", subscriber.CauseSlow: "CauseSlow",
		subscriber.CauseTooLarge: "CauseTooLarge",
		subscriber.CauseDamaged:  "CauseDamaged",
		subscriber.CauseNoHolder: "CauseNoHolder", subscriber.CauseUntil: "CauseUntil",
		subscriber.CauseUnwritten: "CauseUnwritten", subscriber.CauseNobody: "CauseNobody",
	}
	eventConstants = []string{"Message", "Loss", "SessionNew", "SessionSilent", "SessionResumed",
		"SessionEnded", "SessionMoved", "SessionContested",
		"StreamForked", "StreamContested", "SessionInquest", "SessionAmended",
		"FeedDown", "FeedUp", "Assigned", "Revoking", "Revoked",
		"NotGranted"}
	blockers = [reliable.Blockers]string{
		reliable.BySubscribers: "a subscriber whose pace counts has yet to take what fills the " +
			"resend buffer",
		reliable.ByDisk:   "frames that must be kept are not on disk yet",
		reliable.ByRate:   "`--max-rate` lets no more go out",
		reliable.BySocket: "the socket takes frames more slowly than they are published",
	}
	stateConstants = []string{"Watching", "Behind", "Counted", "Evicted"}
)

// constComments returns the comments of a package's constants, without their names.
func constComments(t *testing.T, dir string) map[string]string {
	t.Helper()
	said := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			d, ok := d.(*ast.GenDecl)
			if !ok || d.Tok != token.CONST {
				continue
			}
			for _, spec := range d.Specs {
				spec := spec.(*ast.ValueSpec)
				name := spec.Names[0].Name
				text := strings.Join(strings.Fields(spec.Doc.Text()), " ")
				said[name] = strings.TrimSuffix(strings.TrimPrefix(text, name+" "), ".")
			}
		}
	}
	return said
}
