package demo

import (
	"bytes"
	"context"
	"crier/cmd/crier/pub"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// loLinks are what each subscriber process does to what it receives.
var loLinks = []struct {
	name, link, impair string
	far                time.Duration // the longest delay
}{
	{"clean", "the loopback interface as it is", "", 0},
	{"lossy", "loses 1 % at random", "loss=1%", 0},
	{"bursty", "2 to 3 ms away, loses 4 % in bursts of 12 datagrams on average", "burst=4%/12 delay=2ms..3ms", 3 * time.Millisecond},
}

// The producer process: what comes to it, which is what subscribers ask for, is late,
// and messages wait for others to share a datagram. The loopback interface takes all
// at once; so there is something, as on a network that takes its time, that waits to
// be sent or to be repaired.
const (
	asked  = "delay=5ms"
	batch  = 2 * time.Millisecond
	loNote = "  To the producer everything takes 5 ms; messages wait up to 2 ms there to share a datagram.\n"
)

const (
	// patience bounds what the processes are waited for.
	patience = time.Minute
	// poll is how often the processes' counters are looked at.
	poll = 100 * time.Microsecond
	// beyond is how many messages the producer has beyond the plan: should
	// nobody kill it, it ends by itself.
	beyond = 5000
)

// playLo plays the demo with real processes on the loopback interface.
func playLo(ctx context.Context, plan *script, out io.Writer) (_ *report, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// The kernel ends the processes with the thread that started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("this program's own file can't be found, to start the processes: %w", err)
	}
	dir, err := os.MkdirTemp("", "crier-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	group, err := freeGroup()
	if err != nil {
		return nil, err
	}

	r := &report{Note: loNote}
	moment := moment{bursts: plan.storms}
	subs := make([]*process, len(loLinks))
	names := make([]string, len(loLinks))
	for i, l := range loLinks {
		names[i] = l.name
		subs[i], err = startSubscriber(ctx, self, dir, group, l.impair, plan, i)
		if err != nil {
			return nil, err
		}
		defer subs[i].kill()
		subs[i].Name, subs[i].Link = l.name, l.link
		moment.far = append(moment.far, l.far)
		r.Subscribers = append(r.Subscribers, &subs[i].member)
	}
	counter := filepath.Join(dir, "accepted")
	producer := exec.CommandContext(ctx, self, "pub", "--group", group, "--iface", "lo", "--name", "market", "--quiet",
		"--market", "--seed", strconv.FormatUint(plan.seed, 10), "--accepted", counter,
		"--batch-wait", batch.String(), "--impair", asked, "--count", strconv.Itoa(len(plan.messages)+beyond))
	producer.SysProcAttr = childAttr()
	var complaint bytes.Buffer
	producer.Stderr = &complaint
	for _, s := range subs {
		if err := s.listening(ctx); err != nil {
			return nil, err
		}
	}
	if err := producer.Start(); err != nil {
		return nil, err
	}
	killed := false
	defer func() {
		if !killed {
			producer.Process.Kill()
			producer.Wait()
		}
	}()

	fmt.Fprint(out, progressHead(names))
	start, next := time.Now(), tick
	have := make([]uint64, len(subs))
	for {
		look(subs, have) // first: what they have was accepted before
		n, sent, err := pub.ReadCounter(counter)
		if moment.come(time.Since(start), n, sent, have) {
			break
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) && time.Since(start) > time.Second {
			return nil, fmt.Errorf("the producer: %w %s", err, complaint.Bytes())
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the producer had accepted %d of %d messages after %v: %w %s",
				n, len(plan.messages), time.Since(start).Round(time.Millisecond), ctx.Err(), complaint.Bytes())
		}
		if since := time.Since(start); since >= next {
			fmt.Fprint(out, progressLine(next, n, have))
			next += tick
		}
		time.Sleep(poll)
	}
	err = producer.Process.Kill()
	at := time.Since(start)
	killed = true
	producer.Wait() // it was killed, and says so
	if err != nil {
		return nil, err
	}
	if r.Accepted, r.Sent, err = pub.ReadCounter(counter); err != nil {
		return nil, err
	}
	r.KilledAt = at
	look(subs, have)
	fmt.Fprint(out, progressLine(at.Round(time.Millisecond), r.Accepted, have))
	for _, s := range subs {
		err := s.finish()
		if ctx.Err() != nil { // which ends the processes, wherever they are
			return nil, fmt.Errorf("subscriber %s was not done %v after the start: %w", s.Name, time.Since(start).Round(time.Second), ctx.Err())
		}
		if err != nil {
			return nil, err
		}
		if s.NextOffset > r.Accepted {
			return nil, fmt.Errorf("subscriber %s knows of %d messages, and the producer had accepted %d", s.Name, s.NextOffset, r.Accepted)
		}
		r.Sent = max(r.Sent, s.NextOffset) // it is counted after the messages have gone out
	}
	burst, into := lastBurst(plan.storms, r.Accepted)
	r.Burst, r.IntoBurst = int(burst.to-burst.from), int(into)
	for _, s := range subs {
		s.account(r.Accepted, r.Sent)
	}
	r.Checked = true
	return r, nil
}

// freeGroup chooses a group for this run alone, with a port that is free now.
func freeGroup() (string, error) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer c.Close()
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 0, 1}), port).String(), nil
}

// look notes what each subscriber has.
func look(subs []*process, have []uint64) {
	for i, s := range subs {
		have[i] = s.have.Load()
	}
}
