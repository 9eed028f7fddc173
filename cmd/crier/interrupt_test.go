package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed/feedtest"
)

// An interrupt ends a publisher that waits for standard input. What it had
// accepted is repaired, and the line that was not yet whole is not sent.
func TestInterruptedInput(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--drop", "0.3", "--drop-seed", "5", "--until-end",
		"--format", "json")...).listening()
	in, feed := io.Pipe() // never closed: its reader blocks for ever
	pub := start(t, in, on(group, "pub", "--from", "-", "--summary", "-")...)
	feed.Write([]byte("one\ntwo\nthr"))
	sub.await(sub.out, `"two"`, 1)
	pub.stop()
	pub.wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	if p := decodeSummary[pubSummary](t, pub.out.bytes()); p.Counters.N("accepted") != 2 {
		t.Errorf("%+v", p)
	}
	if !strings.Contains(pub.err.String(), "until interrupted, 2 messages") {
		t.Error(pub.err)
	}
	if out := sub.out.String(); strings.Contains(out, "thr") {
		t.Error(out)
	}
}

// The same holds for a publisher that waits for a message's time, and for one
// that waits for someone to open a named pipe.
func TestInterruptedWaits(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	late := feedtest.File(t, "timed", "0 first\n3600000000000 an hour later\n")
	sub := start(t, nil, on(group, "sub", "--until-end")...).listening()
	pub := start(t, nil, on(group, "pub", "--from", late, "--format", "timed")...)
	sub.await(sub.out, "first\n", 1)
	pub.stop()
	pub.wait(cli.ExitOK)
	if sub.wait(cli.ExitOK); sub.out.String() != "first\n" {
		t.Error(sub.out)
	}

	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := makeFIFO(fifo); err != nil {
		t.Skip("no named pipe:", err)
	}
	waiting := start(t, nil, on(group, "pub", "--from", fifo)...)
	waiting.stop()
	if waiting.wait(cli.ExitError); !strings.Contains(waiting.err.String(),
		"interrupted before there was anything to publish") {
		t.Error(waiting.err)
	}
	w, err := os.OpenFile(fifo, os.O_RDWR, 0) // lets the goroutine that opens it end
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	// One that was opened, and into which nothing more is written.
	sub = start(t, nil, on(group, "sub", "--until-end")...).listening()
	open := start(t, nil, on(group, "pub", "--from", fifo)...)
	if _, err := w.WriteString("from a pipe\nand h"); err != nil {
		t.Fatal(err)
	}
	sub.await(sub.out, "from a pipe\n", 1)
	open.stop()
	open.wait(cli.ExitOK)
	if sub.wait(cli.ExitOK); sub.out.String() != "from a pipe\n" {
		t.Error(sub.out)
	}
}

// A second interrupt counts as the first for half a second, and then ends the process.
func TestSecondInterruptIsTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		interrupts := make(chan os.Signal, 1)
		var canceled, released atomic.Bool
		go interrupt(interrupts, func() { canceled.Store(true) }, func() { released.Store(true) })
		interrupts <- os.Interrupt
		synctest.Wait()
		if !canceled.Load() || released.Load() {
			t.Fatalf("canceled %v, released %v", canceled.Load(), released.Load())
		}
		time.Sleep(secondInterrupt - 1) // in virtual time
		synctest.Wait()
		if released.Load() {
			t.Error("the second one ends the process before its time")
		}
		time.Sleep(time.Nanosecond)
		if synctest.Wait(); !released.Load() {
			t.Error("the second one never ends the process")
		}
	})
}

// SIGINT, SIGTERM and SIGHUP end both commands; what they did by then is told.
func TestSignals(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := spawn(t, nil, on(group, "sub", "--format", "json", "--summary",
		filepath.Join(t.TempDir(), "s"))...).listening()
	left := spawn(t, nil, on(group, "sub")...).listening()
	pub := spawn(t, nil, on(group, "pub", "--rate", "1000")...)
	sub.await(sub.out, `"message"`, 100)
	pub.signal(os.Interrupt)
	pub.wait(cli.ExitOK)
	sub.await(sub.out, `"ended"`, 1)
	sub.signal(sigterm)
	sub.wait(cli.ExitOK)
	left.signal(sighup)
	if left.wait(cli.ExitOK); !strings.Contains(left.err.String(), "delivered") {
		t.Error(left.err)
	}
	sum := summaryOf[subSummary](t, sub.flag("--summary"))
	if wantSum(t, sum); len(sum.Sessions) != 1 || sum.Sessions[0].End != "bye" ||
		sum.Sessions[0].Delivered < 100 {
		t.Errorf("%+v", sum)
	}
}
