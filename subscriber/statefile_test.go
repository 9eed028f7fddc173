package subscriber_test

import (
	"fmt"
	"hash/crc32"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crier/subscriber"
	"crier/testnet/rig"
)

var savedPositions = []subscriber.Position{
	{
		Group: netip.MustParseAddrPort("239.77.0.1:7700"), Topic: "quotes", Publisher: "feed",
		Session: 0xfedcba9876543210, Seq: 1 << 63, Offset: 1<<64 - 1,
	},
	{Publisher: "\xff\"\n", Key: "\x00key", Session: 7, Partition: 3, Offset: 1},
	{Publisher: "hex:7", Session: 8},
}

// A state file returns what was saved, and nothing is left beside it.
func TestStateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feed.state")
	left := filepath.Join(filepath.Dir(path), ".feed.state12345") // by a save that was killed
	other := left + ".mine"
	for _, name := range []string{left, other} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store := subscriber.FileOffsets(path)
	for _, want := range [][]subscriber.Position{nil, savedPositions, savedPositions[:1], nil} {
		if err := store.Save(want); err != nil {
			t.Fatal(err)
		}
		got, err := subscriber.FileOffsets(path).Load()
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("saved %+v\nloaded %+v, %v", want, got, err)
		}
		store = subscriber.FileOffsets(path)
	}
	if _, err := os.Stat(left); err == nil {
		t.Errorf("%s is left", left)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

// A state file of before partitions were called so is read, and written as they are now.
func TestStateFileWithChannels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feed.state")
	const positions = `[{"group":"239.77.0.1:7700","topic":"","publisher":"feed","key":"",` +
		`"session":"f2c0545812628615","channel":5,"seq":1042,"offset":20480}]`
	sum := crc32.Checksum([]byte(positions), crc32.MakeTable(crc32.Castagnoli))
	text := fmt.Sprintf(`{"format": "crier-positions", "version": 1, "crc32c": "%08x", `+
		`"positions": %s}`, sum, positions)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := subscriber.FileOffsets(path).Load() // which writes it
		if err != nil || len(got) != 1 || got[0].Partition != 5 || got[0].Offset != 20480 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if now, err := os.ReadFile(path); err != nil || !strings.Contains(string(now), `"partition":5`) {
		t.Errorf("%s, %v", now, err)
	}
}

// What is wrong with a state file is named, and the file stays as it is.
func TestBadStateFiles(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	if err := subscriber.FileOffsets(good).Save(savedPositions); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "the state file PATH is torn or damaged (unexpected end of JSON input): put"},
		{"torn", string(text[:len(text)/2]), "the state file PATH is torn or damaged ("},
		{"changed", strings.Replace(string(text), `"partition":3`, `"partition":4`, 1),
			"the state file PATH is torn or damaged (its checksum is "},
		{"summary", `{"sessions": []}`, "PATH isn't a state file of crier: name another file"},
		{"newer", strings.Replace(string(text), `"version": 1`, `"version": 2`, 1),
			"the state file PATH has version 2, and this crier knows version 1: "},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := subscriber.FileOffsets(path).Load()
		want := strings.ReplaceAll(c.want, "PATH", path)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, want)
		}
		if now, err := os.ReadFile(path); string(now) != c.text || err != nil {
			t.Errorf("%s is changed: %s, %v", c.name, now, err)
		}
	}
	for i := range text { // a flipped bit is seen, wherever it is
		bad := slices.Clone(text)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(good, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := subscriber.FileOffsets(good).Load()
		if err == nil && !slices.Equal(got, savedPositions) {
			t.Fatalf("with bit %d of byte %d flipped, the positions are %+v", i%8, i, got)
		}
	}
	nowhere := filepath.Join(dir, "no", "state")
	if _, err := subscriber.FileOffsets(nowhere).Load(); err == nil ||
		!strings.HasSuffix(err.Error(), "no for the state file: make it") {
		t.Error(err)
	}
	if _, err := subscriber.FileOffsets(dir).Load(); err == nil ||
		!strings.HasPrefix(err.Error(), "the state file "+dir+" can't be read (") {
		t.Error(err)
	}
}

// A state file that somebody else has replaced stays as it is.
func TestStateFileOfTwo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	one, other := subscriber.FileOffsets(path), subscriber.FileOffsets(path)
	for _, store := range []subscriber.OffsetStore{one, other} {
		if _, err := store.Load(); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Save(savedPositions); err != nil {
		t.Fatal(err)
	}
	if err := one.Save(nil); err == nil || !strings.HasSuffix(err.Error(),
		"was written by somebody else: give each subscriber a file of its own") {
		t.Error(err)
	}
	if got, err := other.Load(); err != nil || !slices.Equal(got, savedPositions) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A subscriber refuses positions that are all of other groups.
func TestStateOfAnotherStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	if err := subscriber.FileOffsets(path).Save(savedPositions[:1]); err != nil {
		t.Fatal(err)
	}
	cfg := subscriber.Config{
		Groups:  []netip.AddrPort{netip.MustParseAddrPort("239.77.0.9:7709")},
		Offsets: subscriber.FileOffsets(path), Logger: rig.Quiet,
	}
	cfg.Link.Network = rig.NewNetwork(rig.All)
	_, err := subscriber.New(cfg)
	want := path + ": its positions are of another stream: of the group 239.77.0.1:7700, and " +
		"this subscriber listens to 239.77.0.9:7709: use a file for each stream"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// The state file in docs/LOG.md is one, byte for byte.
func TestDocumentedStateFile(t *testing.T) {
	page, err := os.ReadFile("../docs/LOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```json state\n")
	text, _, found := strings.Cut(text, "```")
	path := filepath.Join(t.TempDir(), "feed.state")
	err = subscriber.FileOffsets(path).Save([]subscriber.Position{{
		Group: netip.MustParseAddrPort("239.77.0.1:7700"), Publisher: "feed",
		Session: 0xf2c0545812628615, Seq: 1042, Offset: 20480,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !found || string(got) != text {
		t.Errorf("the file is\n%s%v\nand docs/LOG.md has\n%s", got, err, text)
	}
}

// A file that can't be written is named by its own name, in the same words each time, so that
// they are told once.
func TestStateFileUnwritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no folder", "feed.state")
	store := subscriber.FileOffsets(path)
	first, second := store.Save(savedPositions), store.Save(savedPositions)
	if first == nil || second == nil || first.Error() != second.Error() {
		t.Fatalf("two saves: %v, %v", first, second)
	}
	if text := first.Error(); !strings.HasPrefix(text, "the state file "+path+
		" can't be written (") || strings.Count(text, "feed.state") != 1 {
		t.Error(text)
	}
}
