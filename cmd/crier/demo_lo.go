package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// demoLoLinks are what each subscriber process does to what it receives.
var demoLoLinks = []struct{ name, link, impair string }{
	{"clean", "the loopback interface as it is", ""},
	{"lossy", "loses 1 % at random", "loss=1%"},
	{"bursty", "2 to 3 ms away, loses 4 % in bursts of 12 datagrams on average", "burst=4%/12 delay=2ms..3ms"},
}

const (
	// demoPatience bounds what the processes are waited for.
	demoPatience = 20 * time.Second
	// demoPoll is how often the producer's counter is looked at.
	demoPoll = 100 * time.Microsecond
)

// demoLo plays the demo with real processes on the loopback interface.
func demoLo(ctx context.Context, plan *demoPlan, out io.Writer) (_ *demoResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("this program's own file can't be found, to start the processes: %w", err)
	}
	dir, err := os.MkdirTemp("", "crier-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	group, err := demoGroup()
	if err != nil {
		return nil, err
	}

	r := &demoResult{Burst: plan.burst, IntoBurst: plan.into, KilledAt: plan.end()}
	subs := make([]*demoLoSub, len(demoLoLinks))
	names := make([]string, len(demoLoLinks))
	for i, l := range demoLoLinks {
		names[i] = l.name
		subs[i], err = startDemoSub(ctx, self, dir, group, l.impair, plan, i)
		if err != nil {
			return nil, err
		}
		defer subs[i].kill()
		subs[i].Name, subs[i].Link = l.name, l.link
		r.Subscribers = append(r.Subscribers, &subs[i].demoSub)
	}
	counter := filepath.Join(dir, "accepted")
	pub := exec.CommandContext(ctx, self, "pub", "--group", group, "--iface", "lo", "--name", "market", "--quiet",
		"--market", "--seed", strconv.FormatUint(plan.seed, 10), "--accepted", counter)
	var complaint bytes.Buffer
	pub.Stderr = &complaint
	for _, s := range subs {
		if err := s.listening(ctx); err != nil {
			return nil, err
		}
	}
	if err := pub.Start(); err != nil {
		return nil, err
	}
	killed := false
	defer func() {
		if !killed {
			pub.Process.Kill()
			pub.Wait()
		}
	}()

	fmt.Fprint(out, progressHead(names))
	start, next := time.Now(), demoTick
	// A kill takes a while to arrive, in which the burst goes on.
	target := uint64(len(plan.messages) - plan.into*3/4)
	for {
		n, _, err := readCounter(counter)
		if n >= target {
			break
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) && time.Since(start) > time.Second {
			return nil, fmt.Errorf("the producer: %w %s", err, complaint.Bytes())
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the producer had accepted %d of %d messages after %v: %w %s",
				n, target, time.Since(start).Round(time.Millisecond), ctx.Err(), complaint.Bytes())
		}
		if since := time.Since(start); since >= next {
			fmt.Fprint(out, demoLoLine(next, n, subs))
			next += demoTick
		}
		time.Sleep(demoPoll)
	}
	err = pub.Process.Kill()
	at := time.Since(start)
	killed = true
	pub.Wait() // it was killed, and says so
	if err != nil {
		return nil, err
	}
	if r.Accepted, r.Sent, err = readCounter(counter); err != nil {
		return nil, err
	}
	r.KilledAt = at
	r.IntoBurst += int(r.Accepted) - len(plan.messages)
	fmt.Fprint(out, demoLoLine(at.Round(time.Millisecond), r.Accepted, subs))
	for _, s := range subs {
		if err := s.finish(); err != nil {
			return nil, err
		}
		// The counter is written after a message was accepted and sent: of the last
		// one only a subscriber may know.
		r.Accepted, r.Sent = max(r.Accepted, s.NextOffset), max(r.Sent, s.NextOffset)
	}
	for _, s := range subs {
		s.account(r.Accepted, r.Sent)
	}
	r.Checked = true
	return r, nil
}

// demoGroup chooses a group for this run alone, with a port that is free now.
func demoGroup() (string, error) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer c.Close()
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 0, 1}), port).String(), nil
}

func demoLoLine(at time.Duration, accepted uint64, subs []*demoLoSub) string {
	have := make([]uint64, len(subs))
	for i, s := range subs {
		have[i] = s.have.Load()
	}
	return progressLine(at, accepted, have)
}
