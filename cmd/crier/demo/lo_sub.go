package demo

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/events"
)

// process is a subscriber process.
type process struct {
	member
	*stage.Subscriber
	plan *stage.Script
	have atomic.Uint64 // messages that it has printed
}

// startSubscriber starts a subscriber that prints events as JSON.
func startSubscriber(ctx context.Context, self, dir, group, impair string, plan *stage.Script,
	i int) (*process, error) {
	s := &process{member: member{Name: loLinks[i].name, Link: loLinks[i].link}, plan: plan}
	var err error
	s.Subscriber, err = stage.StartSubscriber(ctx, self, dir, loLinks[i].name, s.take,
		"--group", group, "--timeout", patience.String(), "--impair", impair,
		"--drop-seed", strconv.FormatUint(plan.Seed+uint64(i), 10))
	return s, err
}

// take compares a message with the published one.
func (s *process) take(ev *events.Line) error {
	if ev.Type != "message" {
		return nil
	}
	if !s.plan.Is(*ev.Offset, []byte(*ev.Text)) {
		return fmt.Errorf("offset %d is not what was published", *ev.Offset)
	}
	s.have.Add(1)
	return nil
}

// finish waits for the process to end and takes its summary.
func (s *process) finish() error {
	t, err := s.Finish()
	if err != nil {
		return err
	}
	s.Delivered, s.Recovered, s.Lost, s.Losses = t.Delivered, t.Recovered, t.Lost, t.Losses
	s.NextOffset = t.NextOffset
	s.Duplicates, s.Nacks = t.Counters.N("duplicates"), t.Counters.N("nacks_sent")
	s.Latency, s.Recovery, s.End = t.Latency, t.Recovery, t.End
	if s.Delivered != s.have.Load() || s.Delivered+s.Lost != t.NextOffset-t.FirstOffset ||
		t.FirstOffset != 0 {
		return fmt.Errorf("subscriber %s: its summary doesn't add up: %+v, and it printed %d "+
			"messages", s.member.Name, *t, s.have.Load())
	}
	return nil
}
