package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"crier/cmd/crier/feed"
	"crier/cmd/crier/hist"
)

// pubSummary is what crier pub --summary writes.
type pubSummary struct {
	Session       string `json:"session"`
	Accepted      uint64 `json:"accepted"`
	FramesSent    uint64 `json:"frames_sent"`
	RepairsSent   uint64 `json:"repairs_sent"`
	NacksReceived uint64 `json:"nacks_received"`
	BytesSent     uint64 `json:"bytes_sent"`
	// SendErrors counts datagrams that the kernel refused. It stands there only
	// if there were some.
	SendErrors uint64 `json:"send_errors,omitempty"`
	// FramesTooLarge counts frames that were never sent, since the MTU had fallen. It
	// stands there only if there were some.
	FramesTooLarge uint64 `json:"frames_too_large,omitempty"`
	// What came and was dropped, by why, each if there was some.
	InvalidDatagrams uint64 `json:"invalid_datagrams,omitempty"`
	KernelDrops      uint64 `json:"kernel_drops,omitempty"`
	dropCounts
	overloadSummary
	owedSummary
	// Source is what was noticed about the feed that was read. It stands there only if
	// something was.
	Source *feed.Summary `json:"source,omitempty"`
}

func newPubSummary(session uint64, end *pubEnd) pubSummary {
	st := end.stats
	return pubSummary{
		Session: sessionText(session), Accepted: st.Accepted, FramesSent: st.Frames,
		RepairsSent: st.Repairs, NacksReceived: st.Nacks, BytesSent: st.Bytes,
		SendErrors: st.Socket.SendErrors, FramesTooLarge: st.TooLarge, InvalidDatagrams: st.Invalid, KernelDrops: st.Socket.KernelDrops,
		dropCounts: pubDrops(&st), overloadSummary: newOverloadSummary(&st), owedSummary: end.summary(),
	}
}

// subSummary is what crier sub --summary writes.
type subSummary struct {
	Sessions []*sessionSummary `json:"sessions"`
	// MoreSessions counts those that are not listed, since there were too many.
	// It stands there only if there were some.
	MoreSessions uint64 `json:"more_sessions,omitempty"`
	// UnseenEnds counts the sessions, listed or not, of which no BYE was heard: what
	// came after next_offset is unknown. It stands there only if there are some.
	UnseenEnds       uint64 `json:"unseen_ends,omitempty"`
	InvalidDatagrams uint64 `json:"invalid_datagrams"`
	KernelDrops      uint64 `json:"kernel_drops"`
	dropCounts
	kernel kernelDrops
}

// sessionSummary is one session's part of it. Offsets are from first_offset,
// which is included, to next_offset, which is not; delivered + lost is their
// difference.
type sessionSummary struct {
	Session     string          `json:"session"`
	Name        string          `json:"name,omitempty"`
	Source      string          `json:"source"`
	FirstOffset uint64          `json:"first_offset"`
	NextOffset  uint64          `json:"next_offset"`
	BeforeStart uint64          `json:"before_start"`
	Delivered   uint64          `json:"delivered"`
	Recovered   uint64          `json:"recovered"`
	Lost        uint64          `json:"lost"`
	Losses      []lossSummary   `json:"losses"`
	MoreLosses  uint64          `json:"more_losses,omitempty"` // reports beyond those listed
	Duplicates  uint64          `json:"duplicates"`
	NacksSent   uint64          `json:"nacks_sent"`
	Latency     *hist.Quantiles `json:"latency_ns"` // until it was received
	Taken       *hist.Quantiles `json:"taken_ns"`   // until it was taken from the subscriber's queue
	Recovery    *hist.Quantiles `json:"recovery_ns"`
	End         string          `json:"end"`
}

// lossSummary is one loss report; To is exclusive.
type lossSummary struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Cause string `json:"cause"`
}

// summaryFile is where --summary goes, or another flag's JSON. It is opened before anything is sent or
// received, since what can't be written should be known then. A nil summaryFile
// takes nothing.
type summaryFile struct {
	flag   string // that named it
	name   string
	out    io.Writer
	file   *os.File // to close; nil for standard output
	indent bool
}

// openSummary makes the file that a flag names, empty; - is standard output, and no
// path is none.
func openSummary(flag, path string, std streams) (*summaryFile, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		if err := closed(std.out); err != nil {
			return nil, fmt.Errorf("%s -: %w", flag, err)
		}
		return &summaryFile{flag: flag, name: "standard output", out: std.out}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("%s %s can't be written (%w): name a file that can, or - for standard output", flag, path, bareError(err))
	}
	return &summaryFile{flag: flag, name: path, out: file, file: file, indent: true}, nil
}

// write writes a summary as JSON: one line on standard output, where it may
// follow other lines, and indented in a file.
func (f *summaryFile) write(summary any) error {
	if f == nil {
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if f.indent {
		enc.SetIndent("", "  ")
	}
	err := enc.Encode(summary)
	if err == nil {
		_, err = f.out.Write(b.Bytes())
	}
	if f.file != nil {
		err = errors.Join(err, f.close())
	}
	if err != nil && !f.indent {
		return fmt.Errorf("%s -: %w", f.flag, outputError(err))
	}
	if err != nil {
		return fmt.Errorf("%s can't be written to %s (%w): make room there, or give another file", f.flag, f.name, bareError(err))
	}
	return nil
}

// close gives back the file. It may be called again.
func (f *summaryFile) close() error {
	if f == nil || f.file == nil {
		return nil
	}
	file := f.file
	f.file = nil
	return file.Close()
}

// distinctFiles refuses flags that name one file, which would overwrite each
// other. Paths may be "" or "-".
func distinctFiles(paths map[string]string) error {
	var flags []string
	for flag := range paths {
		flags = append(flags, flag)
	}
	slices.Sort(flags)
	for i, a := range flags {
		for _, b := range flags[:i] {
			if sameFile(paths[a], paths[b]) {
				return usagef("%s and %s both name %s: give each a file of its own", b, a, paths[a])
			}
		}
	}
	return nil
}

// sameFile says whether two paths lead to one regular file, or would if it existed.
func sameFile(a, b string) bool {
	if a == "" || b == "" || a == "-" || b == "-" {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errors.Is(errA, fs.ErrNotExist) && errors.Is(errB, fs.ErrNotExist) {
		return a == b
	}
	return errA == nil && errB == nil && infoA.Mode().IsRegular() && os.SameFile(infoA, infoB)
}
