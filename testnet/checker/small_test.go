package checker_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/every"
	"crier/testnet/rig/story"
)

// tooSmall says of some tamperings why no small world shows them.
var tooSmall = map[string]string{
	"hangs": "it hangs after 500 events, and a small world has a dozen",
	"lists one that it didn't hear": "it lists those of a certificate that another had before, " +
		"and in a small world the one that is cut off is the first to have one",
}

// earlier has the words of the rule that a small world breaks first, where it is another.
var earlier = map[string]string{
	"tells of a message as of the one before": "was received at", // its first message is of SESSION
	"leaves out a frame":                      "sent 1 and accepted 2",
	// Its hash is wrong, too.
	"says that nobody has what others have": "and its content",
	"forgets the end":                       "and its content",
	"takes back what was found":             "and its content",
	"leaves out what it lacks":              "was never asked for", // by the publisher
	"loses what others have":                "and there was no inquest",
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
					Again: 100 * time.Microsecond, Faults: 1, Crashes: 1,
					Crash: []every.Crash{{Name: "pub0"}},
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

// TestSmallInquestCatches does so for those that break an inquest, among three survivors of a
// burst of two frames.
func TestSmallInquestCatches(t *testing.T) {
	const at, inquest = 0, 2020 * story.Milli
	rules, err := every.ParseRules("DATA=lost*")
	if err != nil {
		t.Fatal(err)
	}
	for i, broken := range misdeeds(at, inquest) {
		t.Run(broken.what, func(t *testing.T) {
			if why := tooSmall[broken.what]; why != "" {
				t.Skip(why)
			}
			scope := every.Scope{Rules: rules, Until: 16 * story.Milli, Crashes: 1,
				Crash: []every.Crash{{Name: "pub0"}}}
			small := every.Small{Subscribers: 3, Frames: 2, History: 128 << 10, Stays: true,
				Each:   broken.each,
				Tamper: func(s *every.Small) { s.Receiver = misdeeds(at, inquest)[i].wrap }}
			if broken.end != "" {
				scope.Crashes = 0
				small.End = 38 * time.Second
				small.Script = func(p *every.Play) { ending(p, broken.end) }
				scope.Until = 8000 * story.Milli
			}
			res, err := every.Explore(small.Game(), every.Config{Seed: 1, Unpruned: true,
				Scope: scope})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Failures) == 0 {
				t.Fatalf("%v", res)
			}
			first := res.Failures[0]
			t.Logf("%d runs\n%s%v", res.Runs, first.Schedule.Words(), first.Err)
			if want := cmp.Or(earlier[broken.what], broken.want); !strings.Contains(
				first.Err.Error(), want) {
				t.Errorf("the checker doesn't say %q", want)
			}
		})
	}
}

// ending plays an end of an inquest, as silenced does.
func ending(p *every.Play, end string) {
	pub, subs := p.World.Publishers()[0], p.World.Subscribers()
	switch end {
	case "wake":
		p.At(16*story.Milli, func() { pub.Pause(0) })
		p.At(4000*story.Milli, pub.Resume)
	case "alone":
		p.At(16*story.Milli, func() { p.World.Partition(pub, subs[0]) })
		p.At(8000*story.Milli, func() { p.World.Heal(pub, subs[0]) })
	case "split": // and it lacks the first frame
		p.At(9*story.Milli, func() { p.World.LoseNext(pub, subs[0], 1) })
		p.At(12*story.Milli+1, pub.Crash)
		for _, sub := range subs[1:] {
			p.At(16*story.Milli, func() { p.World.Sever(subs[0], sub) })
			p.At(8000*story.Milli, func() { p.World.Join(subs[0], sub) })
		}
	}
}
