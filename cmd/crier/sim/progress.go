package sim

import (
	"fmt"
	"time"

	"crier/cmd/crier/cli"
	"crier/reliable"
)

// progress shows how far a run or a sweep is, on a terminal. A nil one does nothing.
type progress struct {
	line *cli.Progress
	told time.Time // when last
}

// progressPause is the time between two words about a run, which is at another time after each
// step.
const progressPause = 100 * time.Millisecond

// startProgress returns nil where there is no terminal.
func startProgress(std cli.Streams) *progress {
	console := cli.NewConsole(std.Err)
	if !console.Live() {
		return nil
	}
	return &progress{line: cli.StartProgress(console.Show)}
}

// stop removes the line.
func (p *progress) stop() {
	if p != nil {
		p.line.Stop()
	}
}

// played tells the virtual time that a run has come to.
func (p *progress) played(now reliable.Time, end time.Duration) {
	if p == nil || time.Since(p.told) < progressPause {
		return
	}
	p.told = time.Now()
	at := now.Sub(0)
	p.line.Set(float64(at)/float64(end), fmt.Sprintf("%s of %s of virtual time",
		cli.Duration(at.Round(10*time.Millisecond)), cli.Duration(end)))
}

// swept tells how many runs of a sweep have been played, and their virtual time.
func (p *progress) swept(done, of int, virtual time.Duration) {
	if p == nil {
		return
	}
	p.line.Set(float64(done)/float64(of), fmt.Sprintf("%d of %d runs, %s of virtual time", done,
		of, cli.Duration(virtual)))
}
