package pub

import (
	"testing"

	"crier/publisher"
)

func TestProgressText(t *testing.T) {
	var st publisher.Stats
	st.Accepted, st.Frames, st.Nacks, st.Repairs, st.Members = 12345, 678, 9, 10, 2
	const sent = "678 frames, 9 NACKs, 10 repairs, 2 subscribers"
	for want, got := range map[string]string{
		"12,345 messages, 1 k/s, ":                         progressText(st, 1000, 0, false),
		"12,345 of 20,000 messages, 1 k/s, ":               progressText(st, 1000, 20000, false),
		"12,345 of 12,345 messages published, repairing, ": progressText(st, 0, 12345, true),
	} {
		if got != want+sent {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
