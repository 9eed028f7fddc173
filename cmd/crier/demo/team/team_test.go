package team

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/reliable"
)

// message returns a message of a worker.
func message(p *script, number int, partition uint32, epoch uint64, attempt uint32) *events.Line {
	text, offset := p.orders[number].line(number), uint64(number)
	return &events.Line{Type: "message", Partition: partition, Offset: &offset, Text: &text,
		Epoch: epoch, Attempt: attempt}
}

// played returns a script of some orders, of which all but one were done, one of them twice.
func played(t *testing.T, share reliable.Share) (*script, *tally) {
	t.Helper()
	p := newScript(Options{Seed: Seed, Share: share, Length: time.Second})
	p.orders = p.orders[:5]
	y, now := newTally(p), time.Unix(0, 0)
	y.begin(now)
	for _, d := range []struct {
		worker, order int
		epoch         uint64
		attempt       uint32
	}{{0, 0, 1, 1}, {0, 1, 1, 1}, {1, 1, 2, 2}, {1, 2, 2, 2}, {1, 3, 2, 1}} {
		if err := y.take(d.worker, message(p, d.order, 0, d.epoch, d.attempt), now); err != nil {
			t.Fatal(err)
		}
		now = now.Add(p.slot)
	}
	return p, y
}

// The tally finds what came twice, without a mark, out of order, and what is missing.
func TestTally(t *testing.T) {
	p, y := played(t, reliable.ByPartition)
	r := y.report()
	if r.Published != 5 || r.Done != 4 || r.Missing != 1 || r.Twice != 1 || r.Marked != 2 ||
		r.UnmarkedTwice != 0 || !r.Ordered || r.kept() {
		t.Errorf("%+v", r)
	}
	_, y = played(t, reliable.ByPartition)
	if y.take(1, message(p, 4, 0, 2, 1), time.Unix(9, 0)); !y.report().kept() {
		t.Errorf("%+v", y.report())
	}
	if y.doneFor(time.Unix(11, 0)) != 2*time.Second {
		t.Errorf("done for %v", y.doneFor(time.Unix(11, 0)))
	}
	if y.take(2, message(p, 4, 0, 3, 1), time.Unix(9, 0)); y.report().UnmarkedTwice != 1 {
		t.Errorf("%+v", y.report())
	}
	_, y = played(t, reliable.ByPartition)
	if y.take(1, message(p, 0, 0, 2, 2), time.Unix(9, 0)); y.report().Ordered {
		t.Error("an order after a later one is in order")
	}
	text := "nothing"
	ev := message(p, 4, 0, 2, 1)
	if ev.Text = &text; y.take(1, ev, time.Unix(9, 0)) == nil || y.failure() == nil {
		t.Error("it takes what wasn't published")
	}
}

// The picture and the account have 80 columns at most, and name each worker.
func TestPicture(t *testing.T) {
	for _, share := range []reliable.Share{reliable.ByPartition, reliable.ByMessage} {
		p, y := played(t, share)
		var b bytes.Buffer
		pic := &picture{plan: p, sheet: cli.PlainSheet, out: &b}
		pic.head()
		pic.until(10*p.slot, y, 5)
		pic.say(p.killed, "is killed (kill -9)")
		text := p.intro() + b.String() + y.report().text(p, cli.PlainSheet)
		text = cli.PlainSheet.Fill(p.intro()) + strings.TrimPrefix(text, p.intro())
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		want := []string{"BOB", "1 are missing", "not what is promised"}
		if share == reliable.ByMessage {
			want[0] = "1*"
		}
		for _, words := range append(want, names...) {
			if !strings.Contains(text, words) {
				t.Errorf("%v: nothing says %q:\n%s", share, words, text)
			}
		}
	}
}

// A seed decides who is slow, killed and paused, and the pause is longer than a lease.
func TestScript(t *testing.T) {
	a, b := newScript(Options{Seed: 7, Length: Length}), newScript(Options{Seed: 7, Length: Length})
	if a.kill != b.kill || a.slow != b.slow || a.orders[99] != b.orders[99] {
		t.Error("a seed isn't the same twice")
	}
	for seed := range uint64(50) {
		s := newScript(Options{Seed: seed, Length: Length})
		if s.slow == s.killed || s.killed == s.paused || s.paused == s.slow ||
			s.wake-s.pause <= s.lease*17/16 || s.kill >= s.pause || s.wake >= s.closed {
			t.Errorf("seed %d: %+v", seed, s.Options)
		}
	}
}
