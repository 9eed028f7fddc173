package drops

import (
	"strings"
	"testing"

	"crier/multicast"
	"crier/publisher"
	"crier/reliable/send"
	"crier/subscriber"
)

// Each counter has a line, and none that is 0.
func TestDropText(t *testing.T) {
	var st subscriber.Stats
	st.Newer, st.Foreign, st.Refused, st.Unexpected, st.OtherChannel, st.Mismatched = 1,
		2, 3, 4, 5, 6
	st.Groups = []multicast.ConnStats{{Misdirected: 3, Truncated: 1},
		{Misdirected: 3, Truncated: 1}}
	st.Socket.Misdirected, st.Socket.Truncated = 1, 6
	d := OfSubscriber(&st)
	text := d.Text(9999, false)
	for _, want := range []string{
		"9,999 datagrams that held", "1 frame that only", "2 frames of a session from another",
		"3 frames of new", "4 frames of a session not",
		"5 frames of a channel", "6 repairs with", "7 datagrams to another", "8 datagrams larger",
	} {
		if !strings.Contains(text, "dropped "+want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n != 9 || d.Understood() != 20 {
		t.Errorf("%d lines, %d understood:\n%s", n, d.Understood(), text)
	}
	d = OfPublisher(&publisher.Stats{Stats: send.Stats{Foreign: 3}})
	if text, want := d.Text(0, true),
		"dropped 3 frames of a subscriber from another address"; !strings.HasPrefix(text, want) {
		t.Errorf("%q, and should begin with %q", text, want)
	}
	for _, c := range []struct {
		moved, contested uint64
		want             string
	}{
		{0, 0, "its own: a forger's, or the publisher has changed its address\n"},
		{0, 9, "its own: a forger's, or the publisher has changed its address\n"},
		{1, 0, "its own: the publisher has changed its address, and was followed there once that " +
			"was sure\n"},
		{1, 9, "its own: a forger's, or the publisher has changed its address, and was followed"},
	} {
		d := Counts{ForeignFrames: 5, Moved: c.moved, Contested: c.contested}
		if text := d.Text(0, false); !strings.Contains(text, c.want) {
			t.Errorf("%q, and should have %q", text, c.want)
		}
	}
	var none Counts
	if text := none.Text(0, true); text != "" {
		t.Error(text)
	}
}

// The kernel's drops are followed by what would help: not by a sysctl where all was
// granted.
func TestKernelDropText(t *testing.T) {
	for _, c := range []struct {
		granted int
		want    string
	}{
		{208 << 10, "the kernel dropped 12 datagrams for want of receive buffer: it granted " +
			"208KiB of the 8MiB asked for; as root, sysctl -w net.core.rmem_max=8388608 "},
		{8 << 20, "the kernel dropped 12 datagrams for want of receive buffer, which has the " +
			"8MiB asked for; a larger --read-buffer "},
		{0, "the kernel dropped 12 datagrams for want of receive buffer; a larger --read-buffer "},
	} {
		var k Kernel
		k.Add(0, 1)
		k.Add(7, 1<<30)
		k.Add(5, c.granted)
		if got := k.Text(8 << 20); !strings.HasPrefix(got, c.want) ||
			strings.Count(got, "\n") != 1 {
			t.Errorf("granted %d: %q", c.granted, got)
		}
	}
	var none Kernel
	if text := none.Text(8 << 20); text != "" {
		t.Error(text)
	}
}
