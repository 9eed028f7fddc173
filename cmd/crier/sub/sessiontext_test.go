package sub

import (
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/reliable/topic"
	"crier/subscriber"
)

// partitioned returns a tally of a session with partitions 0 to n-1, of which each delivered 2
// messages more than the one before it, and partition 2, if it is there, lost one.
func partitioned(n uint32) *tally {
	tally := newTally()
	title := &subscriber.Title{Topic: "orders", Layout: topic.Layout{Partitions: int(n)}}
	for p := range n {
		note := func(ev *subscriber.Event) {
			ev.Partition, ev.Title, ev.Publisher = p, title, "risk1"
			tally.note(ev, nothingKnown)
		}
		note(newEvent(7))
		for i := range uint64(2 * (p + 1)) {
			note(message(7, i))
		}
		if p == 2 {
			note(loss(7, 6, 7, subscriber.CauseGone))
		}
	}
	return tally
}

// summed returns the text of what a tally counted.
func summed(t *tally) string {
	sum := &Summary{}
	for _, s := range t.list {
		s.complete(nil)
		s.times.measured()
		s.Latency = s.times.Latency
		sum.Sessions = append(sum.Sessions, &s.SessionSummary)
	}
	return summaryText(sum, 0, cli.PlainSheet) + unseenText(sum)
}

// A session with several partitions has their sum, and lines of their own for those that lack
// something.
func TestTextOfPartitions(t *testing.T) {
	tally := partitioned(4)
	for p := range uint32(4) {
		tally.note(&subscriber.Event{Kind: subscriber.SessionEnded, Session: 7, Partition: p,
			Cause: subscriber.CauseEnded}, nothingKnown)
	}
	const want = "session 0000000000000007 (risk1): topic orders, 4 partitions, end bye\n" +
		"  delivered 20, of these recovered 0; lost 1; 0 duplicates, 0 NACKs\n" +
		"  2 to 8 delivered of a partition\n" +
		"  partition 2: offsets 0 to 6, lost 1, end bye\n" +
		"    lost 6: no longer held\n" +
		"  latency p50 1 ms, p99 1 ms, max 1 ms until received\n"
	if got := summed(tally); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if tally.open != 0 || tally.unseen != 0 || tally.seen != 4 || tally.list[0].times.open != 0 {
		t.Errorf("%d open, %d unseen, %d seen", tally.open, tally.unseen, tally.seen)
	}
}

// Where the next run goes on is told of all partitions together, also where nothing came of one,
// and of none where it isn't known.
func TestTextOfSavedPartitions(t *testing.T) {
	tally := partitioned(2)
	empty := newEvent(7)
	empty.Partition, empty.Title = 2, &subscriber.Title{Topic: "orders",
		Layout: topic.Layout{Partitions: 3}}
	tally.note(empty, nothingKnown)
	for _, s := range tally.list[:2] {
		s.Acknowledged = new(s.FirstOffset + s.Delivered)
	}
	const together, apart = "the next run goes on behind the last message of each partition",
		"the next run goes on at offset"
	got := summed(tally)
	if !strings.Contains(got, together) || strings.Contains(got, apart) {
		t.Error(got)
	}
	*tally.list[1].Acknowledged--
	if got = summed(tally); strings.Contains(got, together) || strings.Count(got, apart) != 2 {
		t.Error(got)
	}
	(&Summary{Sessions: []*SessionSummary{&tally.list[0].SessionSummary,
		&tally.list[1].SessionSummary}}).forgetPositions()
	if got = summed(tally); strings.Contains(got, "the next run") {
		t.Error(got)
	}
}

// Ends that were not seen are told by session where no partition's was, else by partition.
func TestUnseenEndsOfPartitions(t *testing.T) {
	tally := partitioned(3)
	if got := summed(tally); !strings.Contains(got, "session 0000000000000007 (risk1): the end was "+
		"not seen of any of 3 partitions: what came after their last messages is unknown\n") {
		t.Error(got)
	}
	tally.note(&subscriber.Event{Kind: subscriber.SessionEnded, Session: 7, Partition: 1,
		Cause: subscriber.CauseEnded}, nothingKnown)
	got := summed(tally)
	for _, want := range []string{
		"topic orders, 3 partitions, end bye of 1, open of 2\n",
		"  partition 0: offsets 0 to 1, lost 0, end open\n",
		"session 0000000000000007 (risk1), partition 0: the end was not seen: what came after " +
			"offset 1 is unknown\n",
		"session 0000000000000007 (risk1), partition 2: the end was not seen: what came after " +
			"offset 6 is unknown\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it doesn't say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "partition 1:") {
		t.Errorf("it tells of partition 1, which ended:\n%s", got)
	}
	// A member of a team may know of a partition, and have followed none of it.
	got = unseenText(&Summary{UnseenEnds: 1, Sessions: []*SessionSummary{
		{End: "open", FirstOffset: 1, NextOffset: 0}}})
	if got != "the end was not seen: what came from offset 0 on is unknown\n" {
		t.Error(got)
	}
}

// A partition alone is named where the session has several.
func TestTextOfOnePartition(t *testing.T) {
	tally := partitioned(4)
	tally.list = tally.list[3:]
	want := "topic orders, partition 3, offsets 0 to 7, end open\n"
	if got := summed(tally); !strings.Contains(got, want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Partitions of a session share its histograms, which are kept while one of them goes on.
func TestTallyOfPartitions(t *testing.T) {
	tally := partitioned(2)
	shared := tally.list[0].times
	if tally.list[1].times != shared || shared.open != 2 || shared.latency.Count() != 6 {
		t.Errorf("%d open, %d measured", shared.open, shared.latency.Count())
	}
	end := &subscriber.Event{Kind: subscriber.SessionEnded, Session: 7,
		Cause: subscriber.CauseEnded}
	tally.note(end, nothingKnown)
	if shared.Latency != nil {
		t.Error("the times are summed up while a partition goes on")
	}
	end.Partition = 1
	if tally.note(end, nothingKnown); shared.Latency == nil || shared.Latency.Max != int64(
		time.Millisecond) {
		t.Errorf("%+v", shared.Latency)
	}
}

// Sessions beyond those that are named are counted, not their partitions.
func TestEndsOfManySessionsUnseen(t *testing.T) {
	tally := newTally()
	title := &subscriber.Title{Topic: "orders", Layout: topic.Layout{Partitions: 2}}
	for id := range uint64(20) {
		for p := range uint32(2) {
			for _, ev := range []*subscriber.Event{newEvent(subscriber.SessionID(id + 1)),
				message(subscriber.SessionID(id+1), 0)} {
				ev.Partition, ev.Title = p, title
				tally.note(ev, nothingKnown)
			}
		}
	}
	sum := &Summary{UnseenEnds: 41} // one isn't listed
	for _, s := range tally.list {
		s.complete(nil)
		sum.Sessions = append(sum.Sessions, &s.SessionSummary)
	}
	text := unseenText(sum)
	if n := strings.Count(text, "any of 2 partitions"); n != 5 ||
		!strings.HasSuffix(text, "the end of 16 more sessions was not seen either\n") {
		t.Errorf("%d are named:\n%s", n, text)
	}
}
