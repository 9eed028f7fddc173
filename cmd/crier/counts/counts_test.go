package counts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/multicast"
	"crier/publisher"
	"crier/reliable"
	"crier/reliable/send"
	"crier/subscriber"
)

// Each counter of drops has a line, and none that is 0.
func TestDropText(t *testing.T) {
	var st subscriber.Stats
	st.Newer, st.Foreign, st.Refused, st.Unexpected, st.OtherChannel, st.Mismatched = 1,
		2, 3, 4, 5, 6
	st.Replays = 12
	st.Invalid = 9999
	st.Groups = []multicast.ConnStats{{Misdirected: 3, Truncated: 1},
		{Misdirected: 3, Truncated: 1}}
	st.Socket.Misdirected, st.Socket.Truncated = 1, 6
	d := Of(st.Counters())
	text := d.Text(nil)
	for _, want := range []string{
		"9,999 datagrams that held", "1 frame that only", "2 frames of a session from another",
		"3 frames of new", "4 frames of a session that",
		"5 frames of a channel", "12 frames of replays", "6 repairs with",
		"7 datagrams to another", "8 datagrams larger",
	} {
		if !strings.Contains(text, "dropped "+want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n != 10 || d.Understood() != 32 {
		t.Errorf("%d lines, %d understood:\n%s", n, d.Understood(), text)
	}
	text = Of(publisher.Stats{Stats: send.Stats{Foreign: 3}}.Counters()).Text(
		map[string]string{"foreign_frames": "; so there", "moved": "not told"})
	want := "dropped 3 frames of a subscriber from another address than its own; so there\n"
	if text != want {
		t.Errorf("%q, and should be %q", text, want)
	}
	for _, c := range []struct {
		moved, contested uint64
		want             string
	}{
		{0, 0, ": a forger's, or the publisher has changed its address"},
		{0, 9, ": a forger's, or the publisher has changed its address"},
		{1, 0, ": the publisher has changed its address, and was followed there once that " +
			"was sure"},
		{1, 9, ": a forger's, or the publisher has changed its address, and was followed there " +
			"once that was sure"},
	} {
		if text := Stranger("the publisher", c.moved, c.contested); text != c.want {
			t.Errorf("%q, and should be %q", text, c.want)
		}
	}
	if text := Of(publisher.Stats{}.Counters()).Text(nil); text != "" {
		t.Error(text)
	}
}

// The words of a counter agree with its number; of a time they tell how often, too.
func TestWords(t *testing.T) {
	var st publisher.Stats
	st.Evicted, st.Responder.Gone, st.OffloadOff = 1, 2000, true
	st.BlockedBy[reliable.ByRate] = reliable.Waits{Times: 3, For: 1500 * time.Millisecond}
	text := Of(st.Counters()).Text(nil)
	for _, want := range []string{
		"1 time that a subscriber was evicted from the count\n",
		"2,000 frames asked for and no longer held, and what was in them is lost to the " +
			"subscriber that asked\n",
		"time without room because of the rate limit: 3 times, 1.5 s in all\n",
		"what the kernel or the network card cut out of large writes did not arrive, and",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// The kernel's drops are followed by what would help: not by a sysctl where all was
// granted.
func TestKernelDropText(t *testing.T) {
	var st subscriber.Stats
	st.Groups = []multicast.ConnStats{{KernelDrops: 7}}
	st.Socket.KernelDrops = 5
	for _, c := range []struct {
		granted int
		want    string
	}{
		{208 << 10, "12 datagrams that the kernel dropped for want of receive buffer: it granted " +
			"208 KiB of the 8 MiB asked for; as root, sysctl -w net.core.rmem_max=8388608 "},
		{8 << 20, "12 datagrams that the kernel dropped for want of receive buffer, which has " +
			"the 8 MiB asked for; a larger --read-buffer "},
		{0, "12 datagrams that the kernel dropped for want of receive buffer; a larger " +
			"--read-buffer "},
	} {
		got := Of(st.Counters()).Text(
			map[string]string{"kernel_drops": Remedy(cli.Size(c.granted), 8<<20)})
		if !strings.HasPrefix(got, c.want) || strings.Count(got, "\n") != 1 {
			t.Errorf("granted %d: %q", c.granted, got)
		}
	}
}

// Counters become members of an object among others, and are read back; a member that nobody
// knows is an error.
func TestJoinAndRead(t *testing.T) {
	var st publisher.Stats
	st.Accepted, st.EndLeft = 7, true
	type rest struct {
		Name string `json:"name"`
	}
	data, err := Join(rest{"a"}, Of(st.Counters()).Shown("dropped"), struct{}{})
	if want := `{"name":"a","accepted":7,"dropped":0,"end_left":true}`; string(data) != want ||
		err != nil || !json.Valid(data) {
		t.Errorf("%s, %v", data, err)
	}
	var r rest
	v := Of(publisher.Stats{}.Counters())
	if err := v.Read(data, &r); err != nil || r.Name != "a" || v.N("accepted") != 7 ||
		v.N("end_left") != 1 || v.N("dropped") != 0 {
		t.Errorf("%v, %+v, %v", err, r, v.Shown())
	}
	for _, bad := range []string{`{"nobody":1}`, `{"accepted":"x"}`, `[]`} {
		if err := v.Read([]byte(bad), &r); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
	var shown Values
	if err := json.Unmarshal([]byte(`{"b":2,"a":true}`), &shown); err != nil ||
		len(shown) != 2 || shown.N("a") != 1 || shown.N("b") != 2 {
		t.Errorf("%v, %v", shown, err)
	}
	if got := fmt.Sprint(len(v.Without("accepted", "lag")), v.N("nobody")); got !=
		fmt.Sprint(len(v)-1, 0) {
		t.Error(got)
	}
}
