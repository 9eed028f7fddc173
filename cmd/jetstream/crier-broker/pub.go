package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"crier/cmd/crier/demo/progress"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/pace"
	"crier/multicast"
)

// stream is the name of the stream, and of its only subject.
const stream = "market"

// connect connects to the server, which it does again for as long as it takes.
func connect(url string) (*nats.Conn, error) {
	return nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond),
		nats.ReconnectJitter(0, 0))
}

// published is the outcome of a producer that ended by itself.
type published struct {
	// Failed counts messages that the client library gave up, and said so.
	Failed uint64 `json:"failed"`
	// LostAcked counts messages that were acknowledged under numbers that others got later.
	LostAcked uint64 `json:"lost_acked"`
}

// publish publishes the market feed of a seed at its own pace, and doesn't wait for
// acknowledgements.
func publish(flags *flag.FlagSet) func(context.Context) error {
	url := flags.String("url", "", "the server")
	seed := flags.Uint64("seed", 1, "seed of the feed")
	count := flags.Uint64("count", 0, "how many messages")
	path := flags.String("progress", "", "the `file` that keeps how far it is")
	return func(ctx context.Context) error {
		file, err := progress.Create(*path, int(*count))
		if err != nil {
			return err
		}
		nc, err := connect(*url)
		if err != nil {
			return err
		}
		defer nc.Close()
		var failed, highest, lost atomic.Uint64
		js, err := jetstream.New(nc,
			jetstream.WithPublishAsyncAckHandler(
				func(_ jetstream.JetStream, _ *nats.Msg, ack *jetstream.PubAck) {
					if last := highest.Swap(ack.Sequence); ack.Sequence <= last {
						lost.Add(last + 1 - ack.Sequence)
					}
					file.SetAcked(ack.Sequence)
				}),
			jetstream.WithPublishAsyncErrHandler(
				func(jetstream.JetStream, *nats.Msg, error) { failed.Add(1) }))
		if err != nil {
			return err
		}
		asked, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if _, err = js.CreateStream(asked, jetstream.StreamConfig{
			Name: stream, Subjects: []string{stream}, Storage: jetstream.FileStorage,
		}); err != nil {
			return err
		}
		os.Stdout.WriteString("ready\n")
		if err := start(); err != nil {
			return err
		}
		timer, err := multicast.Kernel.Timer()
		if err != nil {
			return err
		}
		defer timer.Close()
		pacer := pace.New(pace.Options{}, timer)
		market := feed.NewMarket(feed.MarketOptions{Seed: *seed, Count: *count})
		for n := uint64(0); n < *count; n++ {
			rec, err := market.Next()
			if err != nil {
				return err
			}
			if err := pacer.Wait(ctx, rec.At); err != nil {
				return err
			}
			// The library keeps the message until it is acknowledged.
			m := append([]byte(nil), rec.Payload...)
			file.Accept(n, time.Now())
			for {
				if _, err = js.PublishAsync(stream, m); err != jetstream.ErrTooManyStalledMsgs {
					break
				}
			}
			if err != nil {
				return err
			}
		}
		select {
		case <-js.PublishAsyncComplete():
		case <-time.After(patience):
		}
		return json.NewEncoder(os.Stdout).Encode(published{failed.Load(), lost.Load()})
	}
}

// start waits for a byte on standard input, which all processes of an arm wait for.
func start() error {
	_, err := os.Stdin.Read(make([]byte, 1))
	return err
}
