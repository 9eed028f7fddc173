package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"crier/cmd/crier/feed"
)

// subscribe takes all messages of the stream, compares them with the feed, and prints when each
// came. It ends some time after it was told how many there are.
func subscribe(flags *flag.FlagSet) func(context.Context) error {
	url := flags.String("url", "", "the server")
	seed := flags.Uint64("seed", 1, "seed of the feed")
	return func(ctx context.Context) error {
		nc, err := connect(*url)
		if err != nil {
			return err
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return err
		}
		asked, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		consumer, err := js.OrderedConsumer(asked, stream, jetstream.OrderedConsumerConfig{})
		if err != nil {
			return err
		}
		market := feed.NewMarket(feed.MarketOptions{Seed: *seed})
		t := taken{market: market, more: make(chan bool, 1)}
		going, err := consumer.Consume(t.take)
		if err != nil {
			return err
		}
		defer going.Stop()
		os.Stdout.WriteString("ready\n")
		var all int
		if _, err := fmt.Fscan(os.Stdin, &all); err != nil {
			return err
		}
		if err := t.wait(all); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(t.at)
	}
}

// taken are the times at which messages came, in nanoseconds since the Unix epoch, by offset.
type taken struct {
	market *feed.Market
	more   chan bool

	mu  sync.Mutex
	at  []int64
	err error
}

// take takes a message.
func (t *taken) take(m jetstream.Msg) {
	now := time.Now().UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	want, err := t.market.Next()
	meta, failed := m.Metadata()
	switch {
	case err != nil:
		t.err = err
	case failed != nil:
		t.err = failed
	case meta.Sequence.Stream != uint64(len(t.at)+1):
		t.err = fmt.Errorf("message %d comes after message %d", meta.Sequence.Stream, len(t.at))
	case !bytes.Equal(m.Data(), want.Payload):
		t.err = fmt.Errorf("message %d isn't what was published", len(t.at))
	}
	t.at = append(t.at, now)
	select {
	case t.more <- true:
	default:
	}
}

// wait waits until all messages are there, for a time.
func (t *taken) wait(all int) error {
	end := time.After(patience)
	for {
		t.mu.Lock()
		n, err := len(t.at), t.err
		t.mu.Unlock()
		if err != nil || n >= all {
			return err
		}
		select {
		case <-t.more:
		case <-end:
			return fmt.Errorf("%d of %d messages came within %v", n, all, patience)
		}
	}
}

// kept prints how many messages the stream has.
func kept(flags *flag.FlagSet) func(context.Context) error {
	url := flags.String("url", "", "the server")
	return func(ctx context.Context) error {
		nc, err := connect(*url)
		if err != nil {
			return err
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return err
		}
		asked, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		s, err := js.Stream(asked, stream)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(s.CachedInfo().State.Msgs)
	}
}
