package sim

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"crier/cmd/crier/cli"
)

// write prints the result, and writes the files.
func (o *sweepOptions) write(std cli.Streams, s *sweep) error {
	if o.csv != "" {
		if err := writeTo(o.csv, "--csv", std, s.csv); err != nil {
			return err
		}
	}
	if o.json != "" {
		f, err := cli.OpenJSON("--json", o.json, std)
		if err != nil {
			return err
		}
		if err := f.Write(s); err != nil {
			return err
		}
	}
	if o.html != "" {
		p, err := sweepPage(s, o.command())
		if err != nil {
			return err
		}
		if err := p.WriteFile(o.html); err != nil {
			return err
		}
	}
	if o.csv == "-" || o.json == "-" {
		return nil
	}
	_, err := io.WriteString(std.Out, s.text(o.metric, cli.SheetOf(std.Out)))
	return err
}

// command returns a command that repeats the sweep.
func (o *sweepOptions) command() string {
	words := []string{"crier sim sweep", o.name}
	for _, v := range o.vary {
		words = append(words, "--vary "+v)
	}
	if o.source.traceDir != "" {
		words = append(words, "--trace-dir "+o.source.traceDir)
	}
	return strings.Join(append(words, fmt.Sprintf("--seeds %d --seed %d", o.seeds, o.first)), " ")
}

// writeTo writes a file, or to standard output for "-".
func writeTo(path, flag string, std cli.Streams, write func(io.Writer) error) error {
	if path == "-" {
		return write(std.Out)
	}
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(write(f), f.Close())
	}
	if err != nil {
		return fmt.Errorf("%s %s can't be written (%w): name a file that can", flag, path,
			cli.BareError(err))
	}
	return nil
}

// csv writes a line a run.
func (s *sweep) csv(out io.Writer) error {
	w := csv.NewWriter(out)
	var head []string
	for _, a := range s.Axes {
		head = append(head, a.Key)
	}
	w.Write(append(append(head, "seed", "promise"), s.Metrics...)) // Flush keeps the error
	for _, c := range s.Cells {
		for i, run := range c.runs {
			if run == nil {
				continue // the sweep was interrupted before
			}
			seed := s.First + uint64(i)
			promise := "kept"
			if slices.Contains(c.Broken, seed) {
				promise = "broken"
			}
			row := append(slices.Clone(c.Values), strconv.FormatUint(seed, 10), promise)
			for _, v := range run {
				text := ""
				if v != nil {
					text = strconv.FormatFloat(*v, 'g', -1, 64)
				}
				row = append(row, text)
			}
			w.Write(row)
		}
	}
	w.Flush()
	return w.Error()
}
