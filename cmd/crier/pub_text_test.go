package main

import (
	"strings"
	"testing"
	"time"

	"crier/publisher"
)

func TestPubTextCounts(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		want string
	}{
		{0, "published 0 messages (0 bytes) in 0 frames"},
		{1, "published 1 message (1 byte) in 1 frame,"},
		{2000, "published 2,000 messages (2,000 bytes) in 2,000 frames"},
	} {
		var st publisher.Stats
		st.Accepted, st.AcceptedBytes, st.Frames = c.n, c.n, c.n
		text := new(pubOptions).pubText(1, st, pubTimes{published: time.Second, sent: time.Second}, 0, false)
		if !strings.Contains(text, c.want) {
			t.Errorf("%q says not %q", text, c.want)
		}
	}
}
