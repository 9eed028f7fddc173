package logdir

import (
	"fmt"

	"crier/cmd/crier/cli"
	"crier/reliable/journal"
)

// Sentences returns what was found in a log, a sentence each.
func Sentences(r *journal.Report) []string {
	var list []string
	for i := range r.Findings {
		if text := Sentence(&r.Findings[i]); text != "" {
			list = append(list, text)
		}
	}
	if r.More > 0 {
		list = append(list, "and "+cli.Counted(uint64(r.More), "more finding", "more findings"))
	}
	return list
}

// Sentence tells of a finding; "" of one that isn't worth it.
func Sentence(f *journal.Finding) string {
	where := fmt.Sprintf("%s, at byte %s", f.Name, cli.Grouped(uint64(f.At)))
	frames := ""
	if f.Frames.Len() > 0 {
		frames = ": frames " + cli.OffsetRun(f.Frames.From, f.Frames.To)
		if f.Frames.Len() == 1 {
			frames = ": frame " + cli.OffsetRun(f.Frames.From, f.Frames.To)
		}
	}
	switch f.Kind {
	case journal.Torn:
		if f.Bytes == 0 {
			return ""
		}
		return fmt.Sprintf("%s: the end is unfinished, %s, as a crash leaves it; nothing of it "+
			"was reported as written", where, cli.Bytes(f.Bytes))
	case journal.Damaged:
		text := fmt.Sprintf("%s: %s don't verify%s", where, cli.Bytes(f.Bytes), frames)
		if f.Acknowledged {
			text += "; acknowledged data are damaged: they were reported to survive a loss of power"
		}
		return text
	case journal.Missing:
		return fmt.Sprintf("%s: nothing is left of what was before%s", where, frames)
	case journal.OtherVersion:
		return fmt.Sprintf("%s has version %d of the format, which this crier can't read: use the "+
			"crier that wrote it", f.Name, f.Version)
	case journal.NotSegment:
		return fmt.Sprintf("%s is no segment of a log, whatever its name: it was left alone", f.Name)
	case journal.Foreign:
		return fmt.Sprintf("%s is no file of a log: it was left alone", f.Name)
	case journal.Unreadable:
		return fmt.Sprintf("%s can't be read (%v)", f.Name, cli.BareError(f.Err))
	}
	return fmt.Sprintf("%s: finding %d", where, f.Kind)
}
