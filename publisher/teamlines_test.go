package publisher

import (
	"strconv"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// TestTeamLines tells a refusal once until it changes, and bounds the lines about members.
func TestTeamLines(t *testing.T) {
	var l teamLines
	now := time.Unix(1000, 0)
	refused := reliable.TeamEvent{Kind: reliable.TeamRefused, Team: "risk", Member: "a",
		Refused: frame.NameTaken}
	told := func(ev reliable.TeamEvent) bool {
		now = now.Add(time.Minute)
		return l.tells(now, &ev)
	}
	if !told(refused) || told(refused) || told(refused) {
		t.Error("a refusal isn't told once")
	}
	other := refused
	if other.Refused = frame.TooMany; !told(other) || told(other) || !told(refused) {
		t.Error("another reason isn't told")
	}
	told(reliable.TeamEvent{Kind: reliable.MemberJoined, Team: "risk", Member: "a"})
	if !told(refused) {
		t.Error("a refusal isn't told after the member had joined")
	}
	n := 0
	for i := range 5000 {
		ev := refused
		if ev.Member = strconv.Itoa(i); l.tells(now, &ev) {
			n++
		}
	}
	if most := int(lineBurst / lineEvery); n > most || n < most/2 || l.leftOut() != 5000-n {
		t.Errorf("%d lines at once", n)
	}
	joined := reliable.TeamEvent{Kind: reliable.MemberJoined, Team: "risk"}
	if l.tells(now, &joined) {
		t.Error("there is room for one more line")
	}
	given := reliable.TeamEvent{Kind: reliable.MessageGivenUp}
	if !l.tells(now, &given) || l.leftOut() != 1 || l.leftOut() != 0 {
		t.Error("a message that is given up isn't told")
	}
	if !told(joined) {
		t.Error("there is no room a minute later")
	}
}
