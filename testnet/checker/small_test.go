package checker_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/every"
)

// tooSmall says of some tamperings why no small world shows them.
var tooSmall = map[string]string{
	"hangs": "it hangs after 500 events, and a small world has a dozen",
}

// earlier has the words of the rule that a small world breaks first, where it is another.
var earlier = map[string]string{
	"tells of a message as of the one before": "was received at", // its first message is of SESSION
	"leaves out a frame":                      "sent 1 and accepted 2",
}

// TestSmallWorldCatches looks for a schedule of a small world that shows a tampering, for
// each.
func TestSmallWorldCatches(t *testing.T) {
	const at = 1
	for i, broken := range tamperings(at) {
		t.Run(broken.what, func(t *testing.T) {
			if why := tooSmall[broken.what]; why != "" {
				t.Skip(why)
			}
			begin, end := 10*time.Millisecond, 9*time.Second
			others := 0
			if broken.what == "mixes sessions up" {
				others = 1
			}
			if broken.what == "delivers late" { // from half a second on
				begin, end = 600*time.Millisecond, 25*time.Second
			}
			small := every.Small{Subscribers: 2, Frames: 3, Others: others, Begin: begin, End: end,
				Stays: broken.end != "close",
				Tamper: func(s *every.Small) { // anew for each schedule
					one := tamperings(at)[i]
					s.Sender, s.Receiver = one.sender, one.receiver
				}}
			res, err := every.Explore(small.Game(), every.Config{Seed: 1, Unpruned: true,
				Scope: every.Scope{Rules: every.All(), Late: 5 * time.Millisecond,
					Again: 100 * time.Microsecond, Faults: 1, Crash: []every.Crash{{Name: "pub0"}}, Crashes: 1,
					Until: reliable.Time(begin + 25*time.Millisecond)}})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Failures) == 0 {
				t.Fatalf("%v", res)
			}
			first := res.Failures[0]
			t.Logf("%d runs\n%s%v", res.Runs, first.Schedule.Words(), first.Err)
			want := cmp.Or(earlier[broken.what], broken.want)
			if !strings.Contains(first.Err.Error(), want) {
				t.Errorf("the checker doesn't say %q", want)
			}
		})
	}
}
