package publisher

import (
	"fmt"
	"time"

	"crier/multicast/files"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/subscriber/recorder/disk"
)

const (
	// spillParts is the number of segments of a spill. They are short since they are
	// removed as a whole.
	spillParts = 16
	// recordParts is the number of segments of a bounded log.
	recordParts = 16
	// maxSegment is the greatest size of a segment, in bytes.
	maxSegment = 64 << 20
	// segmentHead is more than a segment of a spill has besides frames and their heads, in
	// bytes, and moreSegments bounds how many more than spillParts there are: those that
	// are not full.
	segmentHead  = 128
	moreSegments = 2 * spillParts
)

// kept is what a Publisher keeps on disk: either a spill, the disk part of the resend
// buffer, in files that nobody else can see; or a record, a log that outlives the process.
type kept struct {
	*disk.Disk
	record bool
	// room is how much of it frames may take that must be kept, in bytes; 0 means no bound.
	room int64
	// report tells what was wrong in a record when it was opened.
	report *journal.Report
}

// openSpill opens a disk part, and checks that the directory is writable.
func openSpill(cfg *Config) (*kept, error) {
	dir, most := cfg.Retention.DiskDir, cfg.Retention.Disk
	block := journal.BlockSize(1, frame.DataSize(cfg.Datagram)) + segmentHead
	segment := min(most/spillParts, maxSegment)
	if least := spillParts * max(block, journal.MinSegment); most < least {
		return nil, fmt.Errorf("Retention.Disk: a disk part of the resend buffer of %d bytes "+
			"is too small: give %d or more", most, least)
	}
	fail := func(err error) error {
		return fmt.Errorf("Retention.DiskDir: the disk part of the resend buffer can't be "+
			"kept in %s (%w): name a directory that can be written to", dir, err)
	}
	opened, err := files.OpenAnonymous(dir, fmt.Sprintf("crier-%v-", cfg.Session))
	if err != nil {
		return nil, fail(err)
	}
	log, _, err := journal.Open(cfg.wrapped(opened), journal.Config{
		Keep: journal.Keep{Bytes: most}, Segment: segment, ByNeed: true,
		Fsync: journal.Fsync{Mode: journal.FsyncNone},
	}, time.Now().UnixNano())
	if err == nil {
		err = probe(opened)
	}
	if err != nil {
		return nil, fail(err)
	}
	return &kept{Disk: disk.Run(opened, log),
		room: most - segment - (spillParts+moreSegments)*segmentHead}, nil
}

// openRecord opens a log.
func openRecord(cfg *Config) (*kept, error) {
	opened, err := files.Open(cfg.Record.Dir)
	if err != nil {
		return nil, fmt.Errorf("Record.Dir: %w", err)
	}
	log, report, err := journal.Open(cfg.wrapped(opened), journal.Config{
		Keep: cfg.Record.Keep, Fsync: cfg.Record.Fsync,
	}, time.Now().UnixNano())
	if err != nil {
		opened.Close()
		return nil, fmt.Errorf("Record.Dir: the log in %s can't be opened: %w", cfg.Record.Dir, err)
	}
	k := &kept{Disk: disk.Run(opened, log), record: true, report: report}
	if keep := cfg.Record.Keep.Bytes; keep > 0 { // less what is dropped at once to make room
		k.room = keep - 2*min(keep/recordParts, maxSegment)
	}
	return k, nil
}

// probe checks that a directory can be written to.
func probe(dir *files.Dir) error {
	file, err := dir.Create("probe")
	if err != nil {
		return err
	}
	file.Close()
	return dir.Remove("probe")
}

// close ends a log, or removes a spill. It ignores errors: there is no remedy for them.
func (k *kept) close() { _ = k.Close() }
