package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/cmd/crier/feed/feedtest"
)

// first are the pages that are always read. Of the others tests always hold the flags against
// the tool's.
var first = []string{"README.md", "docs/START.md"}

// Each command of the manual is typed as it is printed, in the terminals and on the hosts
// that the page shows, each page from its first block to its last. What the
// page shows as printed has to come, but for numbers.
func TestDocuments(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("many processes, in -short")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("documents are typed into bash:", err)
	}
	var mu sync.Mutex
	var again []*document // what a busy machine may have changed, or surely would
	t.Run("pages", func(t *testing.T) {
		for _, d := range documents(t) {
			if !slices.ContainsFunc(d.blocks,
				func(b *codeBlock) bool { return len(b.typed) > 0 }) ||
				!*long && !slices.Contains(first, d.path) {
				continue
			}
			t.Run(strings.TrimPrefix(d.path, "docs/"), func(t *testing.T) {
				t.Parallel()
				if !*long && d.measures() {
					t.Log("to be read when the others have been")
					mu.Lock()
					again = append([]*document{d, d}, again...)
					mu.Unlock()
					return
				}
				r := newReader(t, d)
				if !r.read() {
					t.Logf("to be read again:\n%s", strings.Join(r.wrong, "\n"))
					mu.Lock()
					again = append(again, d)
					mu.Unlock()
				} else if len(r.left) > 0 {
					t.Skip("not typed, since it needs root:", strings.Join(r.left, ", "))
				}
			})
		}
	})
	read := make(map[*document]bool)
	for i, d := range again {
		if read[d] {
			continue
		}
		r := newReader(t, d)
		if read[d] = r.read(); !read[d] && !slices.Contains(again[i+1:], d) {
			t.Error(strings.Join(r.wrong, "\n"))
		}
	}
}

// measures reports whether the page measures the network, apart from what takes long.
func (d *document) measures() bool {
	return slices.ContainsFunc(d.blocks, func(b *codeBlock) bool {
		return !b.is("long") && slices.ContainsFunc(b.typed,
			func(c *typed) bool { return strings.Contains(c.text, " --to ") })
	})
}

// reader follows a document.
type reader struct {
	t         *testing.T
	doc       *document
	dir       string
	env       []string
	hosts     *hosts // nil where there can be none
	terminals map[string]*terminal
	order     []*terminal
	left      []string            // commands that weren't typed, and why
	wrong     []string            // what is not as the page says
	came      map[*typed][]string // instead of what the page shows
}

// newReader gives the reader a directory with the clone, the tool, and what documents
// suppose that there is.
func newReader(t *testing.T, d *document) *reader {
	t.Helper()
	r := &reader{t: t, doc: d, dir: t.TempDir(), terminals: make(map[string]*terminal),
		came: make(map[*typed][]string)}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// Programs that the reader installs come first, then crier, which is this test.
	tool, bin := filepath.Join(r.dir, ".tool"), filepath.Join(r.dir, ".bin")
	// What go built for this test serves the reader too, if the clone has its own name.
	goes := fmt.Sprintf(`#!/bin/sh
PATH='%s'
cd -P .
for word; do
	shift
	[ "$word" != ../crier ] || { word='%s'; unset GOFLAGS; }
	set -- "$@" "$word"
done
[ ! -e go.work ] || unset GOFLAGS
exec go "$@"
`, os.Getenv("PATH"), root)
	for _, err := range []error{
		os.Mkdir(tool, 0o755),
		os.WriteFile(filepath.Join(tool, "go"), []byte(goes), 0o755),
		os.Symlink(root, filepath.Join(r.dir, "crier")),
		os.Symlink(self, filepath.Join(tool, "crier")),
		os.WriteFile(filepath.Join(tool, "sudo"), []byte("#!/bin/sh\nexec \"$@\"\n"), 0o755),
		os.WriteFile(filepath.Join(r.dir, "feed.pcap"), []byte(excerpt("239.1.1.1:5000")), 0o644),
		os.WriteFile(filepath.Join(r.dir, "all.pcapng.gz"),
			[]byte(feedtest.Zipped(excerpt("239.1.1.1:5000", "233.215.21.4:10378"))), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r.env = append(os.Environ(), "PATH="+bin+":"+tool+":"+os.Getenv("PATH"), "GOBIN="+bin,
		"GOPROXY=off", "GOSUMDB=off")
	if err := canHold(); err == nil {
		r.hosts = newHosts(t)
	} else {
		r.env = append(r.env, toolGroup+"="+testGroupAddr(t))
	}
	return r
}

// excerpt is a small capture of messages in IEX-TP to some groups, ten milliseconds apart.
func excerpt(groups ...string) string {
	var list []packet
	for i := range 20 {
		for _, group := range groups {
			list = append(list, packet{time.Duration(i) * 10 * time.Millisecond, group,
				iextp(uint64(2*i+1), fmt.Sprintf("trade %d", 2*i+1),
					fmt.Sprintf("trade %d", 2*i+2))})
		}
	}
	return pcapOf(list...)
}

// read types all that the document shows, and reports whether all is as it says.
func (r *reader) read() bool {
	r.t.Helper()
	r.typeAll()
	for _, terminal := range r.order {
		terminal.close()
	}
	if *update && len(r.came) > 0 {
		if err := r.doc.writeUpdated(r.came); err != nil {
			r.t.Fatal(err)
		}
	}
	return len(r.wrong) == 0
}

// typeAll types until the end, or until the reader can't go on.
func (r *reader) typeAll() {
	defer func() {
		if e := recover(); e != nil {
			if why, ok := e.(stopped); ok {
				r.wrong = append(r.wrong, string(why))
				return
			}
			panic(e)
		}
	}()
	var last *typed // typed, and not yet looked at
	look := func(next *typed) {
		if last != nil {
			r.look(last, next != nil && next.terminal != last.terminal)
		}
		last = next
	}
	for _, b := range r.doc.blocks {
		if name := b.file(); name != "" {
			r.keep(name, b)
		}
		for _, c := range b.typed {
			switch {
			case strings.HasPrefix(c.text, "go test"):
				r.t.Logf("%s: not typed, since it would run this test", c.at())
			case b.is("machine"):
				r.t.Logf("%s: not typed, since it changes the machine", c.at())
			case b.is("long") && !*long:
				r.t.Logf("%s: typed only with -documents.long", c.at())
			case c.needsRoot() && r.hosts == nil:
				r.left = append(r.left, c.at())
			default:
				look(c)
				r.enter(c)
			}
		}
		look(nil) // the reader goes on when all of the block has ended
		for _, terminal := range r.order {
			r.judge(terminal)
		}
	}
}

func (r *reader) wrongf(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// keep writes a file that the page shows.
func (r *reader) keep(name string, b *codeBlock) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Join(b.text, "\n")+"\n"), 0o644)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// terminal opens a terminal once.
func (r *reader) terminal(c *typed) *terminal {
	term := r.terminals[c.terminal]
	if term == nil {
		var in []string
		if r.hosts != nil {
			in = r.hosts.in(c.host())
		}
		term = openTerminal(r.t, r.dir, r.env, in...)
		r.terminals[c.terminal], r.order = term, append(r.order, term)
	}
	return term
}

// enter types a command.
func (r *reader) enter(c *typed) {
	r.t.Helper()
	term := r.terminal(c)
	if c.text == "^C" {
		term.interrupt()
		return
	}
	r.judge(term)
	term.enter(c)
}

// look waits for what the page shows. A reader who goes on in another terminal first sees
// that the command has started.
func (r *reader) look(c *typed, elsewhere bool) {
	r.t.Helper()
	term := r.terminal(c)
	if elsewhere && term.running == c {
		term.until(func(out []printed) bool {
			return len(out) > 0 && (len(c.shown) == 0 || *update ||
				slices.ContainsFunc(out, func(l printed) bool {
					return sameLine(c.shown[0], l.text)
				}))
		})
	}
}

// judge holds the end of a terminal's last command against the page.
func (r *reader) judge(term *terminal) {
	r.t.Helper()
	c := term.running
	if c == nil {
		return
	}
	came := term.wait()
	out := textOf(came)
	term.running = nil
	if term.exit != c.exit {
		r.wrongf("%s: %q: exit code %d, want %d\n%s", c.at(), c.text, term.exit, c.exit,
			strings.Join(out, "\n"))
	}
	if len(c.shown) == 0 {
		return
	}
	shown := c.shown
	for len(shown) > 0 && shown[len(shown)-1] == "" {
		shown = shown[:len(shown)-1]
	}
	if sameOutput(shown, came) {
		return
	}
	if *update && len(shown) == len(c.shown) && !slices.Contains(shown, "...") {
		r.came[c] = out
		return
	}
	r.wrongf("%s: %q shows\n%s\nand printed\n%s\n(go test ./cmd/crier -run Documents -update "+
		"mends it)", c.at(), c.text, strings.Join(shown, "\n"), strings.Join(out, "\n"))
}
