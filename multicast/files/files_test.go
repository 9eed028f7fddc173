package files

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crier/nack"
	"crier/reliable/journal"
)

var _ journal.Dir = (*Dir)(nil)

// A log in a directory of this machine keeps what it is given, and is locked meanwhile.
func TestDirKeepsALog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "log")
	key := journal.Key{Session: 7}
	data := bytes.Repeat([]byte{1, 2, 3}, 1000)
	for again := range uint64(3) {
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "in use by process") {
			t.Errorf("a second process may open the log: %v", err)
		}
		l, report, err := journal.Open(d, journal.Config{}, 1)
		if err != nil || len(report.Findings) > 0 {
			t.Fatal(err, report)
		}
		r := l.Do(&journal.Job{Key: key, Sync: true, Records: []journal.Record{{
			Frames: nack.Range{From: again, To: again + 1}, Offset: again, EndOffset: again + 1,
			Data: data, Sizes: []int32{int32(len(data))},
		}}}, 1)
		if r.Err != nil || r.State.Next.Seq != again+1 || r.State.Synced != again+1 {
			t.Fatal(r.Err, r.State)
		}
		r = l.Do(&journal.Job{Key: key, Read: nack.Range{From: 0, To: again + 1}}, 1)
		for _, f := range r.Frames {
			if !bytes.Equal(f, data) {
				t.Fatalf("%d: a frame differs: %v", again, r.Err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Files of an anonymous directory have no name.
func TestAnonymousFiles(t *testing.T) {
	path := t.TempDir()
	d, err := OpenAnonymous(path, "crier-7-")
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.Create("a/b")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Append(0, []byte("one"), nil, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(path); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	b := make([]byte, 6)
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != "onetwo" {
		t.Errorf("read %q, %v", b, err)
	}
}
