package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"

	"crier/reliable/journal"
	"crier/testnet/disk"
)

// must fails the test at an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// create makes a file with a content, which isn't synced.
func create(t testing.TB, d *disk.Disk, name, content string) journal.File {
	t.Helper()
	f, err := d.Create(name)
	must(t, err)
	if content != "" {
		must(t, f.Append(0, []byte(content)))
	}
	return f
}

// read returns a file's content, and false if there is no such file.
func read(t testing.TB, d *disk.Disk, name string) (string, bool) {
	t.Helper()
	f, err := d.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	must(t, err)
	defer f.Close()
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size+1)
	n, err := f.ReadAt(b, 0)
	if err != io.EOF || int64(n) != size {
		t.Fatalf("%d bytes of %d were read from %s, with %v", n, size, name, err)
	}
	return string(b[:n]), true
}

// want holds a file to a content.
func want(t testing.TB, d *disk.Disk, name, content string) {
	t.Helper()
	if got, ok := read(t, d, name); !ok || got != content {
		t.Errorf("%s has %d bytes and exists: %v; want %d", name, len(got), ok, len(content))
	}
}

// An append writes its pieces one after the other, over pages.
func TestAppend(t *testing.T) {
	d := disk.New(1)
	long := strings.Repeat("0123456789", 2000)
	f := create(t, d, "a/b/one", long)
	must(t, f.Append(20000, []byte("ab"), nil, []byte("cde")))
	want(t, d, "a/b/one", long+"abcde")
	must(t, f.Truncate(5000))
	must(t, f.Append(6000, []byte("x")))
	want(t, d, "a/b/one", long[:5000]+strings.Repeat("\x00", 1000)+"x")
	create(t, d, "a/0", "")
	_ = journal.Dir(d)
	list, err := d.List()
	must(t, err)
	if fmt.Sprint(list) != "[{a/0 0} {a/b/one 6001}]" {
		t.Errorf("the files are %v", list)
	}
	if _, err := d.Create("a/0"); !errors.Is(err, fs.ErrExist) ||
		!errors.Is(err, journal.ErrExist) {
		t.Errorf("a file was made twice: %v", err)
	}
	must(t, d.Remove("a/b/one"))
	if _, err := f.Size(); err != nil {
		t.Error("a removed file that is open can't be used:", err)
	}
	must(t, f.Close())
	if d.Used() != 0 {
		t.Errorf("%d bytes are in use by nothing", d.Used())
	}
}

// A kill leaves what was written, and a power loss what was synced at least.
func TestKillAndPowerLoss(t *testing.T) {
	d := disk.New(1)
	f := create(t, d, "s/one", strings.Repeat("a", 10000))
	must(t, f.Sync())
	must(t, d.Sync("s"))
	must(t, d.Sync(""))
	must(t, f.Append(10000, bytes.Repeat([]byte("b"), 10000)))
	d.Kill()
	want(t, d, "s/one", strings.Repeat("a", 10000)+strings.Repeat("b", 10000))
	if err := f.Append(20000, []byte("c")); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a dead process wrote: %v", err)
	}
	d.PowerLoss()
	got, ok := read(t, d, "s/one")
	if !ok || len(got) < 10000 || got[:10000] != strings.Repeat("a", 10000) {
		t.Errorf("what was synced is lost: %v, %d bytes", ok, len(got))
	}
}

// losses returns what a file may hold after a power loss, over many seeds, after the same steps.
func losses(t *testing.T, steps func(*disk.Disk), name string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for seed := range uint64(400) {
		d := disk.New(seed)
		steps(d)
		d.PowerLoss()
		got, ok := read(t, d, name)
		if !ok {
			got = "none"
		}
		seen[got]++
		d.PowerLoss() // what is on the platter stays
		if again, ok := read(t, d, name); ok && again != got {
			t.Fatalf("seed %d: a second power loss changed %s", seed, name)
		}
	}
	return seen
}

// Size and data come one without the other, pages in any subset.
func TestPowerLossOfPages(t *testing.T) {
	page := func(c string) string { return strings.Repeat(c, disk.PageSize) }
	var size, data, holes, torn, whole, kept int
	for got, n := range losses(t, func(d *disk.Disk) {
		f := create(t, d, "one", page("a"))
		must(t, f.Sync())
		must(t, d.Sync(""))
		must(t, f.Append(disk.PageSize, []byte(page("b")+page("c"))))
	}, "one") {
		if !strings.HasPrefix(got, page("a")) {
			t.Fatalf("what was synced is lost: %.20q", got)
		}
		rest := got[disk.PageSize:]
		switch {
		case rest == "":
			kept += n
		case rest == page("b")+page("c"):
			whole += n
		case strings.Trim(rest, "\x00") == "":
			size += n
		case strings.HasPrefix(rest, page("\x00")):
			holes += n
		case strings.HasPrefix(page("b")+page("c"), rest):
			data += n
		default:
			torn += n
		}
	}
	for _, n := range []int{size, data, holes, torn, whole, kept} {
		if n == 0 {
			t.Errorf("no seed has: %d size without data, %d data without size, %d holes, %d torn, "+
				"%d whole, %d as synced", size, data, holes, torn, whole, kept)
			break
		}
	}
}

// A name that wasn't synced may be lost, with all in it, and one that was removed may be back.
func TestPowerLossOfNames(t *testing.T) {
	seen := losses(t, func(d *disk.Disk) {
		must(t, create(t, d, "s/one", "a").Sync())
		must(t, d.Sync("s")) // but not the folder's own name
	}, "s/one")
	if len(seen) != 2 || seen["a"] == 0 || seen["none"] == 0 {
		t.Errorf("a file in a new folder: %v", seen)
	}
	seen = losses(t, func(d *disk.Disk) {
		f := create(t, d, "one", "a")
		must(t, f.Sync())
		must(t, f.Close())
		must(t, d.Sync(""))
		must(t, d.Remove("one"))
	}, "one")
	if len(seen) != 2 || seen["a"] == 0 || seen["none"] == 0 {
		t.Errorf("a removed file: %v", seen)
	}
	seen = losses(t, func(d *disk.Disk) {
		f := create(t, d, "one", "abc")
		must(t, f.Sync())
		must(t, d.Sync(""))
		must(t, f.Truncate(1))
		must(t, f.Append(1, []byte("xyz")))
	}, "one")
	for _, may := range []string{"abc", "axyz", "a", "ax", "axy"} {
		if seen[may] == 0 {
			t.Errorf("a file that was cut and went on is never %q: %v", may, seen)
		}
	}
}

// A disk whose time is up has done each step, or the first bytes of one.
func TestDieAfter(t *testing.T) {
	steps := func(d *disk.Disk) error {
		f, err := d.Create("one")
		if err != nil {
			return err
		}
		return errors.Join(f.Append(0, []byte("ab"), []byte("cd")), f.Sync(), d.Sync(""))
	}
	d := disk.New(1)
	must(t, steps(d))
	if d.Steps() != 7 {
		t.Fatalf("it took %d steps", d.Steps())
	}
	for n := range int64(7) {
		d := disk.New(1)
		d.DieAfter(n)
		if err := steps(d); !errors.Is(err, disk.ErrDead) {
			t.Fatalf("after %d steps: %v", n, err)
		}
		if _, err := d.List(); !errors.Is(err, disk.ErrDead) {
			t.Fatalf("a dead disk answers: %v", err)
		}
		d.Kill()
		if got, ok := read(t, d, "one"); ok != (n > 0) || got != "abcd"[:min(max(n-1, 0), 4)] {
			t.Errorf("after %d steps the file has %q", n, got)
		}
	}
}

// A sync that fails marks the pages clean: the next one succeeds, and they are gone.
func TestFailedSync(t *testing.T) {
	lost := 0
	for got, n := range losses(t, func(d *disk.Disk) {
		f := create(t, d, "one", "")
		must(t, d.Sync(""))
		must(t, f.Append(0, []byte("a")))
		d.FailSyncs(1)
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatal(err)
		}
		must(t, f.Sync())
		want(t, d, "one", "a")
	}, "one") {
		if got != "a" {
			lost += n
		}
	}
	if lost < 100 || lost > 300 {
		t.Errorf("%d of 400 syncs that failed lost the page", lost)
	}
}

// Writes and reads fail as they are told to, and a full disk takes what fits.
func TestRefusals(t *testing.T) {
	d := disk.New(1)
	f := create(t, d, "one", "abc")
	d.FailWrites(1)
	if err := f.Append(3, []byte("defg")); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	must(t, f.Append(3, []byte("defg")))
	d.FailReads(-1)
	if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	d.FailReads(0)
	d.Damage("one", 2, 2)
	if _, err := f.ReadAt(make([]byte, 3), 0); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	if _, err := f.ReadAt(make([]byte, 2), 0); err != nil {
		t.Error(err)
	}
	d.Capacity = 2 * disk.PageSize
	if err := f.Append(7, make([]byte, 3*disk.PageSize)); !errors.Is(err, syscall.ENOSPC) ||
		!errors.Is(err, journal.ErrNoSpace) {
		t.Error(err)
	}
	if size, _ := f.Size(); size != 2*disk.PageSize || d.Used() != size {
		t.Errorf("a full disk has %d bytes, and uses %d", size, d.Used())
	}
}

// A bit that flips is seen, and stays so.
func TestFlip(t *testing.T) {
	d := disk.New(1)
	f := create(t, d, "one", strings.Repeat("a", 5000))
	must(t, f.Sync())
	must(t, d.Sync(""))
	if !d.Flip("one", 8*4500) || d.Flip("one", 8*5000) {
		t.Error("Flip knows another size")
	}
	flipped := strings.Repeat("a", 4500) + "`" + strings.Repeat("a", 499)
	want(t, d, "one", flipped)
	d.PowerLoss()
	want(t, d, "one", flipped)
	if _, _, ok := d.FlipAny(); !ok {
		t.Error("no bit flips")
	}
	if got, _ := read(t, d, "one"); got == flipped {
		t.Error("FlipAny changed nothing")
	}
	if _, _, ok := disk.New(1).FlipAny(); ok {
		t.Error("a bit of nothing flipped")
	}
}

// A clone goes on by itself.
func TestClone(t *testing.T) {
	d := disk.New(1)
	f := create(t, d, "one", "abc")
	c := d.Clone()
	must(t, f.Append(3, []byte("d")))
	g, err := c.Open("one")
	must(t, err)
	must(t, g.Append(3, []byte("x")))
	must(t, c.Remove("one"))
	want(t, d, "one", "abcd")
}

// Operations take the time that the disk's speed says.
func TestSpent(t *testing.T) {
	d := disk.New(1)
	d.Speed = disk.Speed{Bytes: 1 << 20, Op: time.Millisecond, Sync: 20 * time.Millisecond}
	f := create(t, d, "one", "")
	d.Spent()
	must(t, f.Append(0, make([]byte, 3<<20)))
	must(t, f.Sync())
	if got, guess := d.Spent(), d.Cost(3<<20, 1); got != guess || got != 3022*time.Millisecond {
		t.Errorf("it took %v, and was to take %v", got, guess)
	}
}
