package scenario

import (
	"strings"
	"testing"
)

func TestVary(t *testing.T) {
	text := base + "  - name: far\nevents:\n  - {at: 1s, do: lose, who: lan}\n"
	for _, c := range []struct{ key, value, want string }{
		{"duration", "7s", "duration: 7s"},
		{"publishers.rate", "300/s", "rate: 300/s"},
		{"subscribers.lan.count", "9", "count: 9"},
		{"subscribers.far.down.loss", "5%", "- name: far\n    down:\n      loss: 5%"},
		{"subscribers.1.count", "4", "- name: far\n    count: 4"},
		{"events.0.frames", "3", "frames: 3"},
		{"seed", "4", "seed: 4"},
	} {
		out, err := Vary([]byte(text), c.key, c.value)
		if err != nil {
			t.Error(err)
			continue
		}
		s, err := Parse("varied", out)
		if err != nil {
			t.Errorf("%s: %v\n%s", c.key, err, out)
			continue
		}
		if !strings.Contains(s.Text(), c.want) {
			t.Errorf("%s=%s: no %q in\n%s", c.key, c.value, c.want, s.Text())
		}
	}
	out, err := Vary([]byte(text), "subscribers.down.delay", "9ms")
	if err != nil || strings.Count(string(out), "delay: 9ms") != 2 {
		t.Errorf("without a name all entries change: %v\n%s", err, out)
	}
	for _, key := range []string{"subscribers.7.count", "duration.x", "segments"} {
		if out, err := Vary([]byte(text), key, "1"); err == nil {
			if _, err = Parse("varied", out); err == nil {
				t.Errorf("%s was taken", key)
			}
		}
	}
}

// Keys of members vary as others do, and what a team doesn't take is refused.
func TestVaryTeams(t *testing.T) {
	text, err := BuiltinText("work-slow")
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{"subscribers.slow.room": "2",
		"subscribers.slow.weight": "3", "subscribers.slow.window": "64",
		"subscribers.slow.poison": "7", "publishers.jobs.attempts": "2"} {
		varied, err := Vary(text, key, value)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse("test", varied)
		if err != nil {
			t.Fatal(err)
		}
		if field := key[strings.LastIndexByte(key, '.')+1:] + ": " + value + "\n"; strings.Count(
			s.Text(), field) != 1 {
			t.Errorf("%s=%s becomes\n%s", key, value, s.Text())
		}
	}
	varied, err := Vary(text, "subscribers.slow.share", "partition")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("test", varied); err == nil ||
		!strings.Contains(err.Error(), "say share: message") {
		t.Errorf("room of a member by partition: %v", err)
	}
}
