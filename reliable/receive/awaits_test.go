package receive

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// More is awaited while sessions of before are looked for.
func TestSessionsOfBeforeAreAwaited(t *testing.T) {
	nothing := func(*frame.Frame) []*frame.Frame { return nil }
	l := newListener(t, Config{Start: reliable.Oldest, Logs: Logs{Ask: true}})
	l.recorded(firstHolder, questWait/2, nothing, nil)
	if !l.Awaits(l.now) {
		t.Error("nothing is awaited, though recorders were asked just now")
	}
	l.recorded(firstHolder, (questRounds+1)*questWait, nothing, nil)
	if l.Awaits(l.now) {
		t.Error("more is awaited, though nobody has anything")
	}
}

// More is awaited of a stream whose publisher is silent, while it is being started again.
func TestARestartIsAwaited(t *testing.T) {
	l, _ := told(t)
	if !l.Awaits(l.now) {
		t.Error("nothing is awaited of a publisher that lives")
	}
	l.digests(time.Minute)
	if l.Awaits(l.now) {
		t.Error("more is awaited of a publisher that is silent")
	}
	l.finds(0x77, 1, "others")
	if l.Awaits(l.now) {
		t.Error("more is awaited, though another stream is asked for")
	}
	l.finds(0x77, 2, "trades")
	if !l.Awaits(l.now) {
		t.Error("nothing is awaited, though the publisher asks where its stream ended")
	}
	if l.digests(restartTime); l.Awaits(l.now) {
		t.Error("more is awaited of a publisher that asked once, and never came")
	}
}
