package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// JSONFile is the destination of --summary, or of another flag's JSON. It is opened before
// anything is sent or received, so that a path that can't be written fails early. A nil
// JSONFile discards everything.
type JSONFile struct {
	flag   string // the flag that named it
	name   string
	out    io.Writer
	file   *os.File // to close; nil for standard output
	indent bool
}

// OpenJSON creates the file that a flag names. The path - is standard output; for an empty
// path OpenJSON returns nil.
func OpenJSON(flag, path string, std Streams) (*JSONFile, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		if err := Closed(std.Out); err != nil {
			return nil, fmt.Errorf("%s -: %w", flag, err)
		}
		return &JSONFile{flag: flag, name: "standard output", out: std.Out}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("%s %s can't be written (%w): name a file that can, or - for "+
			"standard output", flag, path, BareError(err))
	}
	return &JSONFile{flag: flag, name: path, out: file, file: file, indent: true}, nil
}

// Write writes a summary as JSON: one line on standard output, where it may
// follow other lines, and indented in a file.
func (f *JSONFile) Write(summary any) error {
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
		err = errors.Join(err, f.Close())
	}
	if err != nil && !f.indent {
		return fmt.Errorf("%s -: %w", f.flag, OutputError(err))
	}
	if err != nil {
		return fmt.Errorf("%s can't be written to %s (%w): make room there, or give another file",
			f.flag, f.name, BareError(err))
	}
	return nil
}

// Close closes the file. It may be called more than once.
func (f *JSONFile) Close() error {
	if f == nil || f.file == nil {
		return nil
	}
	file := f.file
	f.file = nil
	return file.Close()
}

// DistinctFiles returns an error if two flags name the same file. Paths may be "" or "-".
func DistinctFiles(paths map[string]string) error {
	var flags []string
	for flag := range paths {
		flags = append(flags, flag)
	}
	slices.Sort(flags)
	for i, a := range flags {
		for _, b := range flags[:i] {
			if sameFile(paths[a], paths[b]) {
				return Usagef("%s and %s both name %s: give each a file of its own", b, a, paths[a])
			}
		}
	}
	return nil
}

// sameFile reports whether two paths lead to one regular file, or would if it existed.
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
