package testnet

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

var swarmProgress = flag.String("swarm.progress", "",
	"keep in `FILE` which seeds are done and which failed, and go on from there; an absolute path")

// swarmPart is how many seeds are noted as done together: so many are run again at
// the most, by each processor, after a kill.
const swarmPart = 25

// seeds are the seeds [from, to).
type seeds struct{ from, to uint64 }

// progress is a file with a line for each part of the seeds that is done and for each
// seed that failed, or passed at last. It is only appended to, so that a kill at any
// moment costs at most its last line.
type progress struct {
	mu     sync.Mutex
	file   io.Writer
	done   []seeds
	failed []uint64 // and not passed since
	err    error
}

// openProgress reads what is done and opens the file to note more; the empty path
// stands for none.
func openProgress(path string) (*progress, error) {
	p := &progress{file: io.Discard}
	if path == "" {
		return p, nil
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	p.file = file
	lines := bytes.Split(text, []byte("\n"))
	if cut := lines[len(lines)-1]; len(cut) > 0 { // a kill cut it off: it doesn't count
		p.note("\n")
	}
	for _, line := range lines[:len(lines)-1] {
		var s seeds
		if n, _ := fmt.Sscanf(string(line), "done %d %d", &s.from, &s.to); n == 2 {
			p.done = append(p.done, s)
		} else if n, _ := fmt.Sscanf(string(line), "failed %d", &s.from); n == 1 {
			p.failed = append(p.failed, s.from)
		} else if n, _ := fmt.Sscanf(string(line), "passed %d", &s.from); n == 1 {
			p.failed = slices.DeleteFunc(p.failed, func(seed uint64) bool { return seed == s.from })
		}
	}
	slices.Sort(p.failed)
	p.failed = slices.Compact(p.failed)
	return p, p.err
}

// note appends to the file.
func (p *progress) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintf(p.file, format, args...); err != nil && p.err == nil {
		p.err = err
	}
}

// missing returns the parts of n seeds from one on that are still to be run, first
// of all those that failed.
func (p *progress) missing(first, n uint64) (list []seeds) {
	for _, seed := range p.failed {
		if seed >= first && seed-first < n {
			list = append(list, seeds{seed, seed + 1})
		}
	}
	for at := first; at-first < n; {
		part := seeds{at, min(at+swarmPart, first+n)}
		for _, d := range p.done {
			if d.from <= part.from && part.from < d.to {
				part = seeds{d.to, d.to} // done up to there
				break
			} else if part.from < d.from && d.from < part.to {
				part.to = d.from
			}
		}
		if part.from < part.to {
			list = append(list, part)
		}
		at = part.to
	}
	return list
}

// run runs a part, and notes what became of it.
func (p *progress) run(part seeds, seed func(uint64) error) {
	again := part.to-part.from == 1 && slices.Contains(p.failed, part.from)
	for s := part.from; s < part.to; s++ {
		switch err := seed(s); {
		case err != nil && !again:
			line, _, _ := bytes.Cut([]byte(err.Error()), []byte("\n"))
			p.note("failed %d: %s\n", s, line)
		case err == nil && again:
			p.note("passed %d\n", s)
		}
	}
	p.note("done %d %d\n", part.from, part.to)
}

// A swarm that is killed goes on where it was, and keeps what failed until it passes.
func TestSwarmProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress")
	open := func() *progress {
		p, err := openProgress(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.file.(*os.File).Close() })
		return p
	}
	broken := map[uint64]bool{1007: true, 1030: true}
	ran := map[uint64]int{}
	seed := func(s uint64) error {
		if ran[s]++; broken[s] {
			return fmt.Errorf("seed %d breaks\nat length", s)
		}
		return nil
	}
	p := open()
	if got, want := p.missing(1000, 60), []seeds{{1000, 1025}, {1025, 1050},
		{1050, 1060}}; !slices.Equal(got, want) {
		t.Fatalf("at first %v is missing, want %v", got, want)
	}
	p.run(seeds{1000, 1025}, seed)
	p.run(seeds{1025, 1050}, seed)
	text, err := os.ReadFile(path)
	if want := "failed 1007: seed 1007 breaks\ndone 1000 1025\nfailed 1030: seed 1030 " +
		"breaks\ndone 1025 1050\n"; err != nil || string(text) != want {
		t.Fatalf("the file has %q, %v, want %q", text, err, want)
	}
	// A kill while the last line was being written.
	if err := os.WriteFile(path, text[:len(text)-4], 0o644); err != nil {
		t.Fatal(err)
	}
	delete(broken, 1007)
	clear(ran)
	p = open()
	if got, want := p.missing(990, 70), []seeds{{1007, 1008}, {1030, 1031}, {990, 1000},
		{1025, 1050}, {1050, 1060}}; !slices.Equal(got, want) {
		t.Fatalf("then %v is missing, want %v", got, want)
	}
	for _, part := range p.missing(990, 70) {
		p.run(part, seed)
	}
	if p = open(); !slices.Equal(p.failed, []uint64{1030}) {
		t.Errorf("in the end %d failed", p.failed)
	}
	if got, want := p.missing(990, 70), []seeds{{1030, 1031}}; !slices.Equal(got, want) {
		t.Errorf("in the end %v is missing, want %v", got, want)
	}
	if ran[1000] != 0 || ran[1007] != 1 || ran[1026] != 1 || ran[995] != 1 || ran[1059] != 1 {
		t.Errorf("it ran %v", ran)
	}
}
