package journal

import "crier/nack"

// A Report tells what was found wrong in a log. It may hold nothing.
type Report struct {
	// Findings are the first MaxFindings of them, and More counts the rest.
	Findings []Finding
	More     int
	// Scanned are the bytes that were read.
	Scanned int64
	// Dropped counts the segments, and DroppedBytes their bytes, that Open dropped since the
	// log had more than it is to keep.
	Dropped      int
	DroppedBytes int64
}

// MaxFindings is the largest number of findings in a Report.
const MaxFindings = 1024

// A FindingKind is the kind of a Finding.
type FindingKind uint8

const (
	// Torn is an unfinished end of a segment: it is cut off.
	Torn FindingKind = iota + 1
	// Damaged is a block that doesn't verify, before others that do.
	Damaged
	// OtherVersion is a segment of another version of the format: it is left alone.
	OtherVersion
	// NotSegment is a file with a segment's name and other content: it is left alone.
	NotSegment
	// Foreign is a file with another name: it is left alone.
	Foreign
	// Unreadable is a file, or a part of one, that the system doesn't let be read or synced.
	Unreadable
	// Missing are frames between two blocks or segments without any trace of them.
	Missing
)

// A Finding is something wrong in a log.
type Finding struct {
	Kind FindingKind
	// Name is the file's.
	Name string
	Key  Key
	// Frames are those concerned, as far as they are known.
	Frames nack.Range
	// At and Bytes tell where in the file, and how much of it.
	At, Bytes int64
	// Acknowledged says that damaged frames had been synced.
	Acknowledged bool
	// Version is that of the format, of OtherVersion.
	Version uint8
	Err     error
}

// add adds a finding.
func (r *Report) add(f Finding) {
	if len(r.Findings) >= MaxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}
