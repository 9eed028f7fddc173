package pub

import (
	"strings"
	"testing"
	"time"

	"crier/multicast"
	"crier/publisher"
)

// one is the spread of one partition.
var one = &spread{list: make([]partition, 1)}

func TestPubTextCounts(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		want string
	}{
		{0, "published 0 messages (0 B) in 0 frames"},
		{1, "published 1 message (1 B) in 1 frame,"},
		{2000, "published 2,000 messages (2,000 B) in 2,000 frames"},
	} {
		var st publisher.Stats
		st.Accepted, st.AcceptedBytes, st.Frames = c.n, c.n, c.n
		text := new(options).text(1, st, one, times{published: time.Second, sent: time.Second}, 0, false)
		if !strings.Contains(text, c.want) {
			t.Errorf("%q says not %q", text, c.want)
		}
	}
}

// A publisher says when it was asked for more than it held, and of datagrams that
// the kernel refused only what is true.
func TestPubText(t *testing.T) {
	var o options
	o.cfg.Retention.ResendBuffer = 64 << 10
	var st publisher.Stats
	st.Accepted, st.Statuses = 5, 1
	st.Socket.SendErrors = 3
	text := o.text(7, st, one, times{published: time.Second, sent: time.Second}, 0, false)
	const refused = "3 datagrams that the kernel refused, "
	if !strings.Contains(text, refused+"none of them with messages\n") ||
		strings.Contains(text, "longer held") {
		t.Error(text)
	}
	st.Nacks, st.Refused, st.Responder.Gone, st.Invalid = 1, 2, 2000, 4
	st.Responder.Refused = 3
	text = o.text(7, st, one, times{published: time.Second, sent: time.Second}, 0, false)
	for _, want := range []string{
		refused + "2 of them with messages; subscribers had to ask",
		"2,000 frames asked for and no longer held, and what was in them is lost", "--rate",
		"--resend-buffer, now 64KiB",
		"\n  dropped 4 datagrams",
		"\n  dropped 3 frames asked for, beyond what may wait; subscribers ask again\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	o.cfg.Feeds = make(multicast.Feeds, 2)
	for frames, want := range []string{"; all messages left by another feed\n",
		"; 1 frame with messages left by no feed; subscribers had to ask for those\n"} {
		st.Refused = uint64(frames)
		text = o.text(7, st, one, times{published: time.Second, sent: time.Second}, 0, false)
		if !strings.Contains(text, "3 datagrams that the kernel refused"+want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
