package publisher

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"crier/reliable/topic"
)

// newTopic opens a Publisher of a topic on lo.
func newTopic(t *testing.T, cfg Config) *Publisher {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := p.Shutdown(ctx); err != nil {
			t.Log(err)
		}
	})
	return p
}

// A key selects the partition, and To overrides it; messages without one take turns.
func TestSendChoosesThePartition(t *testing.T) {
	p := newTopic(t, Config{Topic: "test.send", Partitions: 8})
	ctx := t.Context()
	next := [8]uint64{}
	send := func(m Message, want uint32) {
		t.Helper()
		at, err := p.Send(ctx, m)
		if err != nil || at != (Place{want, next[want]}) {
			t.Fatalf("%+v, %v; want partition %d, offset %d", at, err, want, next[want])
		}
		next[want]++
	}
	for i := range 100 {
		key := []byte(fmt.Sprint("key", i))
		send(Message{Key: key, Payload: []byte("x")}, topic.Partition(key, 8))
		send(Message{Key: key, Payload: []byte("x"), To: ToPartition(uint32(i % 8))}, uint32(i%8))
	}
	had := map[uint32]bool{}
	for range 1000 {
		at, err := p.TrySend(Message{Payload: make([]byte, 700)})
		if err != nil {
			t.Fatal(err)
		}
		had[at.Partition] = true
	}
	if len(had) != 8 {
		t.Errorf("1,000 messages without a key went to partitions %v", had)
	}
	if err := p.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for i := range next {
		if sent := p.SentIn(uint32(i)); sent < next[i] {
			t.Errorf("%d messages of partition %d were sent, want %d", sent, i, next[i])
		}
	}
}

// What can't be sent is refused with a sentence.
func TestSendRefuses(t *testing.T) {
	p := newTopic(t, Config{Topic: "test.refuse", Partitions: 2})
	for want, m := range map[string]Message{
		"there is no partition 2: the publisher has 2, 0 to 1": {To: ToPartition(2)},
		"a key of 256 bytes is longer than 255":                {Key: make([]byte, 256)},
		"33 headers are more than 32":                          {Headers: make([]Header, 33)},
		"a message of 40000000 bytes is too large":             {Payload: make([]byte, 40000000)},
	} {
		_, err := p.Send(t.Context(), m)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if n := p.Stats().Accepted; n != 0 {
		t.Errorf("%d messages were accepted", n)
	}
}

// Mistakes in a topic's layout are told with the field's name.
func TestLayoutErrors(t *testing.T) {
	base := netip.MustParseAddrPort("239.77.0.9:7700")
	for want, cfg := range map[string]Config{
		"Partitions: 257 partitions are outside": {Topic: "a", Partitions: 257},
		"Partitions: 2 partitions need groups":   {Partitions: 2},
		"Groups: 3 groups are more than":         {Topic: "a", Partitions: 2, Groups: 3},
		"Groups: 2 groups are more than":         {Group: base, Groups: 2},
		"Topic: topic \"a*\" has a '*'":          {Topic: "a*"},
		"or at most 5 partitions": {Topic: "a", Partitions: 16,
			Retention: Retention{ResendBuffer: 64 << 10}},
	} {
		p, err := New(cfg)
		if err == nil {
			_ = p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A message with a key and a header costs no allocation.
func TestSendAllocatesNothing(t *testing.T) {
	p := newTopic(t, Config{Topic: "test.alloc", Partitions: 4})
	payload, key := make([]byte, 64), []byte("EURUSD.x")
	headers := []Header{{Name: "venue", Value: []byte("XLON")}}
	ctx := t.Context()
	if n := testing.AllocsPerRun(2000, func() {
		if _, err := p.Send(ctx, Message{Key: key, Headers: headers, Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}
