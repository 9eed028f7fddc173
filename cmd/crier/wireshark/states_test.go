package wireshark

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crier/cmd/crier/decode/decodetest"
	"crier/reliable/frame"
)

// with is a frame with another byte at a place; sealed gives it the right tag.
func with(packet []byte, at int, to byte) []byte {
	packet = slices.Clone(packet)
	packet[at] = to
	return packet
}

func sealed(packet []byte) []byte {
	body := slices.Clone(packet[:len(packet)-6])
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	return binary.BigEndian.AppendUint32(append(body, 0xc4, 4), sum)
}

// tshark and crier decode say the same of frames that are damaged, malformed, merged or of a
// newer crier.
func TestStatesAgree(t *testing.T) {
	t.Parallel()
	data, beat, repair := decodetest.Of(t, "DATA"), decodetest.Of(t, "HEARTBEAT"),
		decodetest.Of(t, "REPAIR")
	packets := [][]byte{
		with(data, 55, 'x'), with(data, 50, 0xc5), sealed(with(beat, 55, 0xff)),
		sealed(with(data, 1, 2)), sealed(with(data, 2, 10)), sealed(with(data, 4, 0x80)),
		slices.Concat(data[:len(data)-6], []byte{0xc4, 16}, make([]byte, 16)),
		slices.Concat(data, data, data), slices.Concat(data, with(data, 60, 0)),
		sealed(with(repair, 50, 9)), with(repair, 60, 9), sealed(with(data, 5, 8)),
		sealed(with(data, 0, 0x9b)), sealed(with(data, 48, 3)), []byte("no frame of crier's"),
		// replays, and the flag beside an unknown one and in another kind
		sealed(with(data, 4, 0x20)), sealed(with(beat, 4, 0x20)), sealed(with(data, 4, 0x24)),
		sealed(with(repair, 4, 0x20)),
	}
	nested := repair // a REPAIR of a REPAIR, and so on: only the first is looked into
	for len(nested) < 60_000 {
		nested = new(frame.Encoder).AppendRepair(nil, 0x9f3c2a61d47be805, 0, 1, 2, nested)
	}
	packets = append(packets, nested)
	capture := decodetest.Capture(t, packets...)
	lines := strings.Split(strings.TrimSpace(decoded(t, "-q", capture)), "\n")
	want := map[string][]string{}
	objects := strings.Split(strings.TrimSpace(decoded(t, "-q", "--json", capture)), "\n")
	for i, text := range objects {
		var o struct {
			Packet json.Number
			State  string
		}
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		_, line, _ := strings.Cut(lines[i], " -> ")
		_, line, _ = strings.Cut(line, " ")
		want[o.Packet.String()] = append(want[o.Packet.String()], o.State, line)
	}
	if len(want) < len(packets)-2 {
		t.Errorf("crier decode claims %d of %d packets", len(want), len(packets))
	}
	got := 0
	newTshark(t).fields(capture, "crier", []string{"frame.number", "crier.state", "_ws.col.Info"},
		func(row []string) {
			got++
			states, infos := []string{}, []string{}
			for i, text := range want[row[0]] {
				if i%2 == 0 {
					states = append(states, text)
				} else {
					infos = append(infos, text)
				}
			}
			s, i := strings.Join(states, "|"), strings.Join(infos, "; ")
			if row[1] != s || row[2] != i {
				t.Errorf("packet %s: tshark has\n%s %s\ncrier decode\n%s %s", row[0], row[1],
					row[2], s, i)
			}
		})
	if got != len(want) {
		t.Errorf("tshark claims %d packets, crier decode %d", got, len(want))
	}
}

// Gaps are found, NACKs are linked with their answers, and losses and wrong tags are told.
func TestRemembered(t *testing.T) {
	t.Parallel()
	s := newTshark(t)
	e := decodetest.Examples(t)
	data, nack, confirm, gone, repair := e[0].Packet, decodetest.Of(t, "NACK"),
		decodetest.Of(t, "CONFIRM"), decodetest.Of(t, "GONE"), decodetest.Of(t, "REPAIR")
	// 1 to 5: DATA 7, DATA 9 behind a gap, NACK and its answers; then BYE, of frames up to 9, and
	// DATA 7 again and damaged.
	capture := decodetest.Capture(t, data, e[2].Packet, nack, repair, confirm, gone,
		decodetest.Of(t, "BYE"),
		data, with(data, 55, 'x'))
	var rows []string
	s.fields(capture, "", []string{"crier.gap", "crier.answer_to", "_ws.expert.message"},
		func(row []string) { rows = append(rows, strings.Join(row, " / ")) })
	want := []string{" /  / ",
		"1 /  / Loss: the publisher dropped messages|Missing in this capture: 8", " /  / ",
		" / 3 / ", " / 3 / ", " / 3 / Loss: the publisher can't repair 7-8", " /  / ",
		" /  / A later frame came before", " /  / The tag is wrong: the frame is damaged"}
	if !slices.Equal(rows, want) {
		t.Errorf("tshark has\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
}

// The filters of docs/howto/capture-frames.md are filters of this dissector.
func TestDocumentedFilters(t *testing.T) {
	t.Parallel()
	s := newTshark(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "howto", "capture-frames.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| filter |")
	table, _, _ = strings.Cut(table, "\n\n")
	capture := decodetest.Capture(t, decodetest.Examples(t)[0].Packet)
	var filters []string
	for line := range strings.Lines(table) {
		if _, line, ok := strings.Cut(line, "| `"); ok {
			filter, _, _ := strings.Cut(line, "` |")
			filters = append(filters, "("+strings.ReplaceAll(filter, `\|`, "|")+")")
		}
	}
	if len(filters) < 5 {
		t.Errorf("it has %d filters", len(filters))
	}
	// tshark ends with an error about a filter that it doesn't know
	s.fields(capture, strings.Join(filters, " || "), []string{"frame.number"}, func([]string) {})
}

// Where tshark builds no tree, its lines are the same, and so is what it has experts for.
func TestWithoutTree(t *testing.T) {
	t.Parallel()
	s := newTshark(t)
	e := decodetest.Examples(t)
	data, gone, repair := e[0].Packet, decodetest.Of(t, "GONE"), decodetest.Of(t, "REPAIR")
	capture := decodetest.Capture(t, data, e[2].Packet, data, with(data, 55, 'x'), gone, repair,
		sealed(with(data, 50, 0xc5)), sealed(with(data, 4, 0x80)), sealed(with(data, 5, 8)),
		slices.Concat(data, data), sealed(with(data, 1, 2)), decodetest.Of(t, "BYE"))
	for _, filter := range []string{"udp", "_ws.expert"} {
		var with, without []string
		s.fields(capture, filter, []string{"frame.number", "_ws.col.Info"}, func(row []string) {
			with = append(with, row[0]+" "+row[1])
		})
		args := []string{"-Y", filter, "-o", `gui.column.format:"No.","%m","Info","%i"`}
		s.read(capture, args, func(line string) {
			without = append(without, strings.TrimSpace(line))
		})
		if !slices.Equal(with, without) {
			t.Errorf("%s: without a tree, tshark has\n%s\nwant\n%s", filter,
				strings.Join(without, "\n"), strings.Join(with, "\n"))
		}
		if n := len(with); filter != "udp" && (n < 8 || n > 10) {
			t.Errorf("%d packets have expert information: %q", n, with)
		}
	}
}
