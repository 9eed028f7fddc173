package testnet

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"crier/testnet/checker"
	"crier/testnet/world"
)

var (
	topicsState = flag.String("topics.state", "",
		"keep in `FILE` which schedules are done and which failed, and go on from there; an "+
			"absolute path")
	topicsFor   = flag.Duration("topics.for", 0, "play schedules for so long; 0: 12 of them")
	topicsFirst = flag.Uint64("topics.first", 1, "start at schedule `K`")
	topicsSeeds = flag.Uint64("topics.seeds", 0, "play `N` schedules")
	topicsTrace = flag.Bool("topics.trace", false, "print all that happens; for one schedule")
)

// foundTopics are those in which something was found.
var foundTopics = []uint64{
	160,
	1259,   // one that doesn't look back hears of a session by a recorder
	1286,   // partitions whose buffers together are more than one
	300523, // a DIGEST of a partition whose SESSION its sender never heard
	301487, // a publisher pauses before SESSION of a partition of which there is data
	302891, // as 300523
	304078, // a session is heard of by a recorder before its publisher is heard
	304928, // the same
	305143, // a rate limit, which partitions that send much had to themselves
}

// foundKeys are the small ones in which something was found. Some of what was wrong in the machine
// has become a story of its own: reliable/receive/opened_test.go.
var foundKeys = []uint64{
	922,   // a publisher moves before there is data of a partition
	1487,  // the SESSION of a partition that isn't wanted names the feeds
	9089,  // an answer comes by a feed that has brought nothing else
	9552,  // BYE is the first that is heard of the partition by which the session was opened
	1338,  // BYE of other partitions comes, as a sign of life
	1630,  // the same
	20003, // an answer in a partition of which nothing was heard

	// The SESSION of another partition waited for a sleeper, and told how old the session is.
	5012, 5643, 8854,

	// The SESSION of another partition told of feeds.
	5502, 5939, 10662,

	// A publisher wasn't told by which feed NACKs came: testnet/world/feed_test.go.
	23759, 27801, 28666, 30774,

	34436,  // a feed dies and is back while the application is behind: receive/feeds_test.go
	31272,  // few NACKs for many partitions without data: testnet/world/partition_test.go
	104021, // a publisher moves before there is data of any partition, one of which has begun
	179772, // the same
	147510, // partitions that were never heard end one by one
	170622, // the same
	182534, // partitions ask for SESSION beside each other
	177542, // nothing comes by any feed as the publisher pauses
}

// TestTopicSwarm plays random schedules of topics with partitions, keys and feeds, over those of
// the other swarms, and lets the Checker judge them: order within a key is part of it. With
// -topics.state, the same command goes on where the last one ended or was killed, and plays again
// what failed.
//
//	go test ./testnet -run TestTopicSwarm -topics.state /tmp/topics -topics.seeds 100000 -timeout 9h
func TestTopicSwarm(t *testing.T) {
	n, more := *topicsSeeds, []uint64(nil)
	switch {
	case n > 0:
	case *topicsFor > 0:
		n = maxSchedules
	case testing.Short():
		n = 6
	default:
		n, more = 12, foundTopics
	}
	run := &campaign{path: *topicsState, first: *topicsFirst, seeds: n, last: *topicsFor,
		more: more, play: runTopics}
	run.run(t)
}

// TestKeyOrder plays small schedules of the same kind, all of whose messages have keys: 100,000
// take minutes.
//
//	go test ./testnet -run TestKeyOrder -topics.state /tmp/keys -topics.seeds 100000 -timeout 2h
func TestKeyOrder(t *testing.T) {
	n, more := uint64(100), []uint64(nil)
	switch {
	case *topicsSeeds > 0:
		n = *topicsSeeds
	case *topicsFor > 0:
		n = maxSchedules
	case testing.Short():
		n = 30
	default:
		more = foundKeys
	}
	run := &campaign{path: *topicsState, first: *topicsFirst, seeds: n, last: *topicsFor,
		more: more, play: func(seed uint64) (*world.World, checker.Tally, error) {
			return playTopics("TestKeyOrder", seed, newKeys)
		}}
	run.run(t)
}

// runTopics plays one schedule.
func runTopics(seed uint64) (*world.World, checker.Tally, error) {
	return playTopics("TestTopicSwarm", seed, newTopics)
}

// playTopics plays one schedule of a test.
func playTopics(test string, seed uint64, plan func(*world.World, uint64) *topics) (w *world.World,
	tally checker.Tally, err error) {
	rerun := fmt.Sprintf("go test ./testnet -run '%s$' -topics.first %d -topics.seeds 1", test, seed)
	cfg := world.Config{Seed: seed}
	if *topicsTrace {
		cfg.Trace = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	w = world.New(cfg)
	var s fmt.Stringer
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("seed %d at %s: panic: %v\n%s\nrun it again with: %s", seed,
				world.Stamp(w.Now()), r, debug.Stack(), rerun)
		}
		if err != nil && *topicsSeeds == 1 && s != nil {
			err = fmt.Errorf("%w\nit was: %s", err, s)
		}
	}()
	c := checker.New(w)
	c.SetRerun(rerun)
	defer func() { tally = c.Tally() }()
	play := plan(w, seed)
	s = play
	return w, tally, play.run(c)
}
