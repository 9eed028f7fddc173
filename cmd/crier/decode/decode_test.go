package decode

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/cmd/crier/decode/decodetest"
	"crier/cmd/crier/feed"
)

// decode runs crier decode.
func decode(t testing.TB, args ...string) *clitest.Result {
	t.Helper()
	return clitest.Run(t, Command(), append([]string{"decode"}, args...)...)
}

// retag gives a frame the right tag.
func retag(frame []byte) []byte {
	body := frame[:len(frame)-6]
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	return binary.BigEndian.AppendUint32(append(slices.Clone(body), 0xc4, 4), sum)
}

// changed is a frame with another byte at a place.
func changed(frame []byte, at int, to byte) []byte {
	frame = slices.Clone(frame)
	frame[at] = to
	return frame
}

// Each example of docs/PROTOCOL.md is a line that begins as in the document, and an object
// with the numbers of the line; from a capture and from hexadecimal text.
func TestExamples(t *testing.T) {
	examples := decodetest.Examples(t)
	var packets [][]byte
	var text strings.Builder
	for _, e := range examples {
		packets = append(packets, e.Packet)
		fmt.Fprintf(&text, "%x # bytes\n\n", e.Packet)
	}
	path := filepath.Join(t.TempDir(), "frames.txt")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	capture := decodetest.Capture(t, packets...)
	lines := strings.Split(decode(t, capture).Want(cli.ExitOK).Out.String(), "\n")
	bare := strings.Split(decode(t, "--format", "hex", path).Want(cli.ExitOK).Out.String(), "\n")
	if len(lines) != len(examples)+1 || len(bare) != len(lines) {
		t.Fatalf("%d and %d lines for %d examples", len(lines)-1, len(bare)-1, len(examples))
	}
	for i, e := range examples {
		want := fmt.Sprintf("00:00:00.%06d 10.77.0.1:7701 -> 239.77.0.1:7700 %s", i*1000, bare[i])
		if lines[i] != want || !strings.HasPrefix(bare[i], e.Text) {
			t.Errorf("PROTOCOL.md:%d:\n got %s\nwant %s\n and %s", e.Line, lines[i], want, e.Text)
		}
	}
	objects := decode(t, "--json", "--hex", capture).Want(cli.ExitOK).Out
	for i, line := range strings.Split(strings.TrimSpace(objects.String()), "\n") {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		kind, _, _ := strings.Cut(examples[i].Text, " ")
		_, session, _ := strings.Cut(examples[i].Text, " s=")
		session, _, _ = strings.Cut(session, " ")
		if o["kind"] != kind || o["session"] != session || o["tag"] != "right" ||
			o["state"] != "whole" || o["bytes"] != float64(len(examples[i].Packet)) {
			t.Errorf("PROTOCOL.md:%d: %s", examples[i].Line, line)
		}
	}
	for _, part := range []string{
		`"chunks":[{"offset":14,"size":5,"payload":"6669727374"},{"offset":15,"size":21,`,
		`"size":21,"length":40,"payload":"61206d65`,
		`{"offset":16,"skip":250},{"offset":266,"size":4,"payload":"6e657874"}]`,
		`"missing":[{"from":7,"to":8},{"from":9,"to":12},{"from":400,"to":401}]`,
		`"coming":[{"from":7,"to":8},{"from":9,"to":12}]`,
		`"wall_ns":1700000000123456789,"first_sequence":1,"first_offset":0,`,
		`"control":"192.0.2.10:7701"`,
		`"prev":{"session":"51a7e0de7ec7ed00","channel":0,"sequence":8123,"offset":4711,` +
			`"publisher":"trades"}`, `"written":9,"synced":7`, `"role":"recorder"`,
		`"at_sequence":8,"at_offset":14`, `"absent":[{"from":4,"to":6}]`, `"flags":["live"]`,
		`"kind":"DATA","flags":["replay"]`, `"kind":"SESSION","flags":["replay"]`,
		`"what":"offset","value":14,`,
		`"flags":["want-session"]`, `"report":4096`, `"datagram":{"version":1,"kind":"DATA"`,
	} {
		if !strings.Contains(objects.String(), part) {
			t.Errorf("no object has %s", part)
		}
	}
	dump := decode(t, "--hex", "--kind", "repair", capture).Want(cli.ExitOK).Out.String()
	if strings.Count(dump, "|hello|") != 1 || strings.Count(dump, "\n") != 3 {
		t.Errorf("the dump of a REPAIR is %s", dump)
	}
}

// What isn't a whole frame is told apart, and makes the exit code 3.
func TestStates(t *testing.T) {
	data, beat := decodetest.Of(t, "DATA"), decodetest.Of(t, "HEARTBEAT")
	repair := decodetest.Of(t, "REPAIR")
	skewed := bytes.Replace(repair, []byte{5, 0xce, 0, 0, 0, 0, 0xcf, 0, 0, 0, 0, 0, 0, 0, 7},
		[]byte{6, 0xce, 0, 0, 0, 0, 0xcf, 0, 0, 0, 0, 0, 0, 0, 7}, 1)
	unknown := slices.Clone(data)
	unknown[2] = 10
	for _, c := range []struct {
		name, line, sum string
		packet          []byte
		exit            int
	}{
		{"whole", " sizes=2x5\n", "1 DATA", data, cli.ExitOK},
		{"damaged", "sizes=2x5 (damaged: its tag is wrong)\n", "not decoded: 1 damaged",
			changed(data, 55, 'x'), cli.ExitLost},
		{"damaged in its structure", "DATA s=9f3c2a61d47be805 (damaged", "1 damaged",
			changed(data, 50, 0xc5), cli.ExitLost},
		{"malformed", "HEARTBEAT s=9f3c2a61d47be805 (malformed)", "1 malformed",
			retag(changed(beat, 55, 0xff)), cli.ExitLost},
		{"REPAIR of another session", "(malformed)", "1 malformed", retag(skewed), cli.ExitLost},
		{"version", "version 2 (it needs a newer crier)", "1 of a newer crier",
			retag(changed(data, 1, 2)), cli.ExitLost},
		{"kind", "KIND(10) s=9f3c2a61d47be805 (it needs", "1 of a newer crier", retag(unknown),
			cli.ExitLost},
		{"flags", "DATA s=9f3c2a61d47be805 (it needs", "1 of a newer crier",
			retag(changed(data, 4, 0x80)), cli.ExitLost},
		{"a longer tag", "(damaged", "1 damaged",
			slices.Concat(data[:len(data)-6], []byte{0xc4, 16}, make([]byte, 16)),
			cli.ExitLost},
		{"merged", "seq=7 off=12 t=1.5ms chunks=2 sizes=2x5\n",
			"1 packet has several frames, which the capturing host had merged",
			slices.Concat(data, data, data[:0]), cli.ExitOK},
		{"merged, the last cut off", "chunks=2 sizes=2x5\n", "1 damaged",
			slices.Concat(data, changed(data, 60, 0)), cli.ExitLost},
		{"text", "", "no crier frame in 1 packet", []byte("hello, world, this is no frame"),
			cli.ExitLost},
		{"other msgpack that starts the same", "", "not crier's: 1 UDP datagram",
			slices.Concat(data[:20], []byte("\xa5hello\xc0\xc0\xc0\xc4\x04abcd")), cli.ExitLost},
		{"empty", "", "no crier frame", nil, cli.ExitLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, format := range []string{"", "--json"} {
				args := []string{decodetest.Capture(t, c.packet)}
				if format != "" {
					args = append(args, format)
				}
				r := decode(t, args...).Want(c.exit)
				if out := r.Out.String(); format == "" && !strings.Contains(out, c.line) ||
					(c.line == "") != (out == "") {
					t.Errorf("printed %q, not %q", out, c.line)
				}
				if !strings.Contains(r.Err.String(), c.sum) {
					t.Errorf("said %q, not %q", r.Err, c.sum)
				}
			}
		})
	}
}

// Datagrams that the capture cut short are told, with what there is of their header.
func TestCut(t *testing.T) {
	data := decodetest.Examples(t)[0].Packet
	for have, want := range map[int]string{
		49: "DATA s=9f3c2a61d47be805 (cut short by the capture: 49 of 70 bytes)\n",
		20: "DATA s=9f3c2a61d47be805 (cut short by the capture: 20 of 70 bytes)\n",
		19: "", 0: "",
	} {
		o, sum, in := options{}, newTally(), listed{{Payload: data[:have], Size: len(data)}}
		var out bytes.Buffer
		output := cli.NewOutput(&out, func() {})
		o.copy(t.Context(), &in, output, sum)
		output.Close(t.Context())
		if out.String() != want || sum.complete(&in) {
			t.Errorf("%d bytes: %q, want %q", have, out.String(), want)
		}
		if text := strings.Join(sum.text(&in), "\n"); (have < 20) !=
			strings.Contains(text, "cut short before a frame's header ends") {
			t.Errorf("%d bytes: %s", have, text)
		}
	}
}

// listed are datagrams.
type listed []feed.Datagram

func (l *listed) Next() (feed.Datagram, error) {
	if len(*l) == 0 {
		return feed.Datagram{}, errCount
	}
	first := (*l)[0]
	*l = (*l)[1:]
	return first, nil
}

func (l *listed) LeftOut() []feed.Count { return nil }
func (l *listed) Packets() uint64       { return 1 }
func (l *listed) Name() string          { return "a list" }
func (l *listed) Close() error          { return nil }

// A capture in which a datagram may have been a frame is not decoded in full.
func TestIncomplete(t *testing.T) {
	data := decodetest.Examples(t)[0].Packet
	whole := feed.Datagram{Payload: data, Size: len(data)}
	for _, c := range []struct {
		name     string
		in       datagrams
		complete bool
	}{
		{"whole", &listed{whole}, true},
		{"and another's", &listed{whole, {Payload: []byte("hello"), Size: 5}}, true},
		{"cut before the header ends", &listed{whole, {Payload: data[:10], Size: 70}}, false},
		{"fragments", &fragmented{listed{whole}}, false},
	} {
		sum := newTally()
		output := cli.NewOutput(&bytes.Buffer{}, func() {})
		(&options{}).copy(t.Context(), c.in, output, sum)
		output.Close(t.Context())
		if sum.complete(c.in) != c.complete {
			t.Errorf("%s: complete is %v", c.name, !c.complete)
		}
	}
}

// fragmented is a capture that has IP fragments, too.
type fragmented struct{ listed }

func (f *fragmented) LeftOut() []feed.Count { return []feed.Count{{What: feed.Fragments, N: 1}} }

// A filter by group remembers so many sessions, and no more.
func TestFilterIsBounded(t *testing.T) {
	f := filter{}
	if err := f.parse("", nil, "239.77.0.1:7700"); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(filterSessions + 10) {
		e := entry{Datagram: feed.Datagram{To: decodetest.Group}}
		e.header.Session = id
		if !f.passes(&e) {
			t.Fatalf("session %d on the group doesn't pass", id)
		}
	}
	if len(f.heard) != filterSessions {
		t.Errorf("%d sessions are remembered", len(f.heard))
	}
}

// Filters choose frames, and the counts are still those of all.
func TestFilters(t *testing.T) {
	var packets [][]byte
	for _, e := range decodetest.Examples(t) {
		packets = append(packets, e.Packet)
	}
	other := changed(packets[0], 7, 0x11)
	path := decodetest.Capture(t, append(packets, retag(other))...)
	for args, want := range map[string]int{
		"":                             32,
		"--session 9f3c":               27,
		"--session 0x113C2a61d47be805": 1,
		"--kind Data,repair":           7,
		"--kind nack --kind bye":       2,
		"--kind digest --kind FIND":    4,
		"--group 239.77.0.1:7700":      32,
		"--group 239.77.0.2:7700":      0,
		"--count 3":                    3,
		"--session 9f3c --kind data --count 2 --json": 2,
	} {
		r := decode(t, append(strings.Fields(args), path)...).Want(cli.ExitOK)
		if n := strings.Count(r.Out.String(), "\n"); n != want {
			t.Errorf("%s: %d lines, want %d: %s", args, n, want, r.Err)
		}
	}
	// What goes to one member is a group's if the session is.
	f := filter{}
	if err := f.parse("", nil, "239.77.0.1:7700"); err != nil {
		t.Fatal(err)
	}
	e := entry{Datagram: feed.Datagram{To: decodetest.Source}}
	if e.header.Session = 5; f.passes(&e) {
		t.Error("an unheard session passes")
	}
	heard := e
	heard.To = decodetest.Group
	if !f.passes(&heard) || !f.passes(&e) {
		t.Error("a session that was heard on the group doesn't pass")
	}
}

// A capture that can't be read is an error of one sentence.
func TestErrors(t *testing.T) {
	text := filepath.Join(t.TempDir(), "frames.txt")
	if err := os.WriteFile(text, []byte("9a 01 zz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(t.TempDir(), "long.txt")
	if err := os.WriteFile(long, bytes.Repeat([]byte("9a 01 01 00\n"), 20_000), 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(decodetest.Capture(t, decodetest.Examples(t)[0].Packet))
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(t.TempDir(), "half.pcapng")
	if err := os.WriteFile(half, whole[:len(whole)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":                              "it takes one capture",
		"a b":                           "it takes one capture, or - for standard input, not 2",
		"--format cap x":                `--format "cap" is not known: use pcap or hex`,
		"--kind data,foo x":             `--kind "foo" is not known: use data, repair, heartbeat`,
		"--session xyz x":               `--session "xyz" is no session's id`,
		"--session 12345678901234567 x": "is no session's id",
		"--group lo x":                  `--group "lo" is not an address and port`,
		"--count 0 x":                   "--count 0 would print nothing",
		"nowhere.pcap":                  "nowhere.pcap: there is no such file",
		text:                            "this is neither a pcap nor a pcapng",
		"--format hex " + text:          "line 1 isn't hexadecimal",
		"--format hex " + long:          "has more than 65507 bytes",
		half:                            "it ends within",
	} {
		r := decode(t, strings.Fields(args)...)
		if r.Exit != cli.ExitUsage && r.Exit != cli.ExitError ||
			!strings.Contains(r.Err.String(), "crier decode: ") ||
			!strings.Contains(r.Err.String(), want) {
			t.Errorf("crier decode %s: exit code %d, %s, not %s", args, r.Exit, r.Err, want)
		}
	}
}

// Any datagram is a few lines of bounded length, or none of crier's.
func FuzzDatagram(f *testing.F) {
	for _, e := range decodetest.Examples(f) {
		f.Add(e.Packet, false, false)
		f.Add(append(slices.Clone(e.Packet), e.Packet...), true, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, tag, isCut bool) {
		b = b[:min(len(b), 65507)]
		if tag && len(b) > 6 {
			b = retag(b)
		}
		g := feed.Datagram{Payload: b, Size: len(b), At: time.Unix(0, 0), From: decodetest.Source,
			To: decodetest.Group}
		if isCut {
			g.Size++
		}
		var d decoder
		bytesSeen := 0
		n, err := d.datagram(g, func(e *entry) error {
			bytesSeen += len(e.bytes)
			line := e.text(false)
			if len(line) > 2000 || strings.Count(line, "\n") != 1 {
				t.Fatalf("a line of %d bytes: %q", len(line), line)
			}
			e.text(true)
			text, err := json.Marshal(e.json(true))
			if err != nil || len(text) > 1000+60*len(b) {
				t.Fatalf("an object of %d bytes for %d: %v", len(text), len(b), err)
			}
			return nil
		})
		if err != nil || n > 0 && bytesSeen > len(b) {
			t.Fatalf("%d frames of %d bytes in %d, %v", n, bytesSeen, len(b), err)
		}
	})
}

// Any text is frames, or an error.
func FuzzHex(f *testing.F) {
	for _, e := range decodetest.Examples(f) {
		f.Add(hex.EncodeToString(e.Packet) + " # a frame\n\n= x\n9a")
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		decode(t, "--format", "hex", path)
	})
}
