package link

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"crier/testnet/random"
)

// maxScript bounds the text of a script, in bytes.
const maxScript = 1 << 20

// Script loses the datagrams that it names by their numbers: the first one
// handed to the link since it got the script is number 1. The zero value loses
// nothing. Make one with [ParseScript].
type Script struct {
	drops []span // ascending, with room between them
}

// span is the numbers from first to last, both included.
type span struct{ first, last uint64 }

// ParseScript reads a script. Statements stand on lines of their own or between
// semicolons; a # begins a comment:
//
//	drop frame 7
//	drop 3-9, 20    # 3 to 9, and 20
//	drop 100+       # 100 and all after it
func ParseScript(text string) (Script, error) {
	if len(text) > maxScript {
		return Script{},
			fmt.Errorf("testnet: loss script of %d bytes is too long: %d are the limit", len(text),
				maxScript)
	}
	var s Script
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		for statement := range strings.SplitSeq(line, ";") {
			statement = strings.TrimSpace(statement)
			if statement == "" {
				continue
			}
			if err := s.parse(statement); err != nil {
				return Script{}, fmt.Errorf("testnet: loss script, line %d: %q: %w", number,
					clip(statement), err)
			}
		}
	}
	if len(s.drops) == 0 {
		return Script{},
			errors.New(`testnet: loss script drops nothing; write for instance "drop frame 7"`)
	}
	s.normalize()
	return s, nil
}

func (s *Script) parse(statement string) error {
	verb, rest := word(statement)
	if verb != "drop" {
		return fmt.Errorf(`unknown word %q; write for instance "drop 3-9"`, clip(verb))
	}
	if w, r := word(rest); w == "frame" || w == "frames" {
		rest = r
	}
	if rest == "" {
		return errors.New("which frames? write 7, 3-9 or 100+")
	}
	for item := range strings.SplitSeq(rest, ",") {
		r, err := parseSpan(strings.TrimSpace(item))
		if err != nil {
			return err
		}
		s.drops = append(s.drops, r)
	}
	return nil
}

func parseSpan(item string) (span, error) {
	if before, ok := strings.CutSuffix(item, "+"); ok {
		first, err := parseFrame(before)
		return span{first, math.MaxUint64}, err
	}
	from, to, isRange := strings.Cut(item, "-")
	first, err := parseFrame(from)
	if err != nil || !isRange {
		return span{first, first}, err
	}
	last, err := parseFrame(to)
	if err == nil && last < first {
		err = fmt.Errorf("%d-%d ends before it starts", first, last)
	}
	return span{first, last}, err
}

func parseFrame(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseUint(text, 10, 63)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is too large for a frame number", clip(text))
	case err != nil:
		return 0, fmt.Errorf("%q is not a frame number; write 7, 3-9 or 100+", clip(text))
	case n == 0:
		return 0, errors.New("frames are numbered from 1, not 0")
	}
	return n, nil
}

// normalize sorts the spans and joins those that touch.
func (s *Script) normalize() {
	slices.SortFunc(s.drops, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	joined := s.drops[:1]
	for _, next := range s.drops[1:] {
		last := &joined[len(joined)-1]
		if next.first-1 <= last.last {
			last.last = max(last.last, next.last)
		} else {
			joined = append(joined, next)
		}
	}
	s.drops = joined
}

// String is the script on one line, sorted; ParseScript reads it back.
func (s Script) String() string {
	var b strings.Builder
	for i, r := range s.drops {
		b.WriteString([]string{"drop ", ", "}[min(i, 1)])
		switch r.last {
		case r.first:
			fmt.Fprintf(&b, "%d", r.first)
		case math.MaxUint64:
			fmt.Fprintf(&b, "%d+", r.first)
		default:
			fmt.Fprintf(&b, "%d-%d", r.first, r.last)
		}
	}
	return b.String()
}

func (s Script) validate() error { return nil }

func (s Script) start() lossState { return &scriptLoss{drops: s.drops} }

// scriptLoss walks through a script as datagrams pass.
type scriptLoss struct {
	drops  []span // those that are not over
	number uint64 // of the last datagram
}

func (s *scriptLoss) lose(int64, *random.Generator) bool {
	s.number++
	if len(s.drops) > 0 && s.drops[0].last < s.number {
		s.drops = s.drops[1:]
	}
	return len(s.drops) > 0 && s.drops[0].first <= s.number
}

// word splits the first word off.
func word(s string) (first, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// clip keeps error messages short.
func clip(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "..."
}
