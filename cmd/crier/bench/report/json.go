package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"

	"crier/cmd/crier/cli"
)

// WriteJSON writes a line for each cell.
func WriteJSON(out io.Writer, cells []*Cell) error {
	enc := json.NewEncoder(out)
	for _, c := range cells {
		if err := enc.Encode(c); err != nil {
			return err
		}
	}
	return nil
}

// ReadCells reads the output of --json.
func ReadCells(flag, path string) ([]*Cell, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cli.Usagef("%s %s can't be read (%v): name what an earlier run wrote "+
			"with --json", flag, path, cli.BareError(err))
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	var cells []*Cell
	for {
		c := new(Cell)
		err := dec.Decode(c)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || c.Benchmark == "" || len(c.Each) == 0 {
			return nil, cli.Usagef("%s %s is not what crier bench --json wrote: its object %d is "+
				"none of its cells", flag, path, len(cells)+1)
		}
		cells = append(cells, c)
	}
	if len(cells) == 0 {
		return nil, cli.Usagef("%s %s is empty: name what an earlier run wrote with --json", flag,
			path)
	}
	return cells, nil
}
