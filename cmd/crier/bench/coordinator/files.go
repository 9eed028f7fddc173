package coordinator

import (
	"errors"
	"fmt"
	"io"
	"os"

	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
)

// files are the files of a run's results.
type files struct {
	page, lines *os.File // nil: none
	json        bool     // standard output gets JSON
}

// create makes the files of the flags.
func (o *Options) create() (*files, error) {
	f := &files{json: o.JSON == "-"}
	var err error
	if o.HTML != "" {
		if f.page, err = create("--html", o.HTML); err != nil {
			return nil, err
		}
	}
	if o.JSON != "" && !f.json {
		if f.lines, err = create("--json", o.JSON); err != nil {
			f.close()
			return nil, err
		}
	}
	return f, nil
}

// write writes a report to the files, and to standard output.
func (f *files) write(r *report.Report, out io.Writer) error {
	if f.page != nil {
		if err := r.WritePage(f.page); err != nil {
			return fmt.Errorf("--html: %w", err)
		}
	}
	if f.json {
		return report.WriteJSON(out, r.Cells)
	}
	if f.lines != nil {
		if err := errors.Join(report.WriteJSON(f.lines, r.Cells), f.lines.Close()); err != nil {
			return fmt.Errorf("--json: %w", err)
		}
	}
	return cli.Print(out, r.Text)
}

// close closes the open files.
func (f *files) close() {
	for _, file := range []*os.File{f.page, f.lines} {
		if file != nil {
			file.Close()
		}
	}
}

// create makes a file that a flag names.
func create(flag, path string) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, cli.Usagef("%s %s can't be written (%v): name a file that can", flag, path,
			cli.BareError(err))
	}
	return f, nil
}
