package publisher_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/testnet/rig"
)

// small is the size of a resend buffer of a few frames.
const small = 16 << 10

// fill publishes until the resend buffer is full, and returns the number of messages.
func fill(t *testing.T, p *publisher.Publisher) (n uint64) {
	t.Helper()
	for {
		offset, err := p.TryPublish(make([]byte, 1000))
		if err == publisher.ErrFull {
			return n
		}
		if err != nil || offset != n {
			t.Fatalf("TryPublish returned %d, %v for message %d", offset, err, n)
		}
		n++
	}
}

// If the socket takes nothing, the resend buffer fills. Then TryPublish fails and Publish
// waits. A Publish that gives up has published nothing.
func TestPublishWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(0)
		p := n.Publisher(t, publisher.Config{Retention: publisher.Retention{ResendBuffer: small}})
		next := fill(t, p)

		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := p.Publish(ctx, make([]byte, 1000))
			failed <- err
		}()
		offsets := make(chan uint64)
		for range 10 {
			go func() {
				offset, err := p.Publish(t.Context(), make([]byte, 1000))
				if err != nil {
					t.Error(err)
				}
				offsets <- offset
			}()
		}
		synctest.Wait() // until all wait
		cancel()
		if err := <-failed; err != context.Canceled {
			t.Errorf("Publish returned %v", err)
		}
		n.Give(rig.All)
		got := make(map[uint64]bool)
		for range 10 {
			got[<-offsets] = true
		}
		for i := range uint64(10) {
			if !got[next+i] {
				t.Errorf("no Publish returned offset %d", next+i)
			}
		}
		if _, err := p.Publish(ctx, nil); err != context.Canceled {
			t.Errorf("Publish returned %v after the end of its context", err)
		}
		if st := p.Stats(); st.Accepted != next+10 || st.NextOffset != next+10 {
			t.Errorf("%d messages were accepted, the next is %d; want %d",
				st.Accepted, st.NextOffset, next+10)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Many goroutines share a little room. All are served in the end.
func TestManyWaitForALittleRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(0)
		p := n.Publisher(t, publisher.Config{Retention: publisher.Retention{ResendBuffer: small}})
		var all sync.WaitGroup
		const goroutines, each = 8, 50
		for range goroutines {
			all.Go(func() {
				for range each {
					if _, err := p.Publish(t.Context(), make([]byte, 700)); err != nil {
						t.Error(err)
					}
					if err := p.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() {
			all.Wait()
			close(done)
		}()
		for open := true; open; {
			n.Give(1)
			select {
			case <-done:
				open = false
			case <-time.After(time.Millisecond):
			}
		}
		if st := p.Stats(); st.Accepted != goroutines*each || p.Sent() != st.Accepted {
			t.Errorf("%d were accepted, %d sent", st.Accepted, p.Sent())
		}
		n.Give(rig.All)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Waiting calls are served in the order of their arrival. A call that needs little room
// doesn't overtake one that needs much, and a call that gives up lets the next one try.
func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(0)
		p := n.Publisher(t, publisher.Config{Retention: publisher.Retention{ResendBuffer: small}})
		next := fill(t, p)
		var served []string
		offsets := make(map[string]uint64)
		var mu sync.Mutex
		ctx, cancel := context.WithCancel(t.Context())
		line := func(ctx context.Context, name string, size int) {
			go func() {
				offset, err := p.Publish(ctx, make([]byte, size))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					served = append(served, name)
					offsets[name] = offset
				} else if err != context.Canceled {
					t.Error(err)
				}
			}()
			synctest.Wait() // until it stands in line
		}
		line(t.Context(), "little", 1000)
		line(t.Context(), "much", 8<<10)
		line(ctx, "gives up", 8<<10)
		for _, name := range []string{"a", "b", "c"} {
			line(t.Context(), name, 1000)
		}
		cancel()
		for range 12 {
			if _, err := p.TryPublish(make([]byte, 1300)); err != publisher.ErrFull {
				t.Errorf("TryPublish returned %v while others wait", err)
			}
			n.Give(1)
			synctest.Wait()
			mu.Lock()
			all := len(served) == 5
			mu.Unlock()
			if all {
				break
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(served, " "); got != "little much a b c" {
			t.Errorf("served in this order: %s", got)
		}
		for i, name := range []string{"little", "much", "a", "b", "c"} {
			if offsets[name] != next+uint64(i) {
				t.Errorf("%s got offset %d, want %d", name, offsets[name], next+uint64(i))
			}
		}
		n.Give(rig.All)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Close ends all calls in the line.
func TestCloseEndsTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(0)
		p := n.Publisher(t, publisher.Config{Retention: publisher.Retention{ResendBuffer: small}})
		fill(t, p)
		ended := make(chan error)
		for range 5 {
			go func() {
				_, err := p.Publish(t.Context(), make([]byte, 1000))
				ended <- err
			}()
		}
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- p.Close() }()
		for range 5 {
			if err := <-ended; err != publisher.ErrClosed {
				t.Errorf("Publish returned %v", err)
			}
		}
		n.Give(rig.All)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := rig.NewNetwork(rig.All)
		p := n.Publisher(t, publisher.Config{BatchWait: time.Hour})
		publish := func(payload string) {
			if _, err := p.Publish(t.Context(), []byte(payload)); err != nil {
				t.Fatal(err)
			}
		}
		publish("a")
		publish("b")
		if p.Sent() != 0 {
			t.Error("messages were sent before BatchWait had passed")
		}
		if err := p.Flush(t.Context()); err != nil || p.Sent() != 2 {
			t.Errorf("Flush: %v; %d messages were sent", err, p.Sent())
		}
		if st := p.Stats(); st.Frames != 1 {
			t.Errorf("two messages took %d frames", st.Frames)
		}

		n.Give(0)
		publish("c")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Flush(ctx); err != context.DeadlineExceeded || p.Sent() != 2 {
			t.Errorf("Flush: %v; %d messages were sent", err, p.Sent())
		}
		flushed := make(chan error)
		go func() { flushed <- p.Flush(t.Context()) }()
		synctest.Wait()
		n.Give(rig.All)
		if err := <-flushed; err != nil || p.Sent() != 3 {
			t.Errorf("Flush: %v; %d messages were sent", err, p.Sent())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := p.Flush(ctx); err != nil {
			t.Errorf("Flush after all was sent: %v", err)
		}
	})
}

// A message that can never be sent is refused with an error of its own, and gets no offset.
func TestTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			buffer, size int
			limit        string // TooLargeError.What, or empty if the message is accepted
		}{
			{20 << 20, 16 << 20, ""},
			{20 << 20, 16<<20 + 1, "the protocol"},
			{small, 0, ""},
			{small, 8 << 10, ""},
			{small, 15 << 10, "the resend buffer"},
		} {
			p := rig.NewNetwork(rig.All).Publisher(t,
				publisher.Config{Retention: publisher.Retention{ResendBuffer: c.buffer}})
			payload := bytes.Repeat([]byte{7}, c.size)
			_, err1 := p.TryPublish(payload)
			_, err2 := p.Publish(t.Context(), payload)
			for _, err := range []error{err1, err2} {
				var large *publisher.TooLargeError
				switch {
				case c.limit == "" && err == nil:
				case c.limit == "" || !errors.As(err, &large) || large.Size != c.size ||
					large.What != c.limit:
					t.Errorf("%d bytes: %v", c.size, err)
				default:
					offset, err := p.TryPublish(make([]byte, large.Limit))
					if err != nil || offset != p.Stats().NextOffset-1 {
						t.Errorf("%d bytes, the limit: %v", large.Limit, err)
					}
				}
				if err := p.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// A batch is refused as a whole if it has a message that can never be sent, or if the resend
// buffer can't hold all of it. None of its messages is sent or gets an offset.
func TestBatchTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := rig.NewNetwork(rig.All).Publisher(t,
			publisher.Config{Retention: publisher.Retention{ResendBuffer: small}})
		good := []byte("good")
		many := make([][]byte, 1000)
		for i := range many {
			many[i] = bytes.Repeat(good, 20)
		}
		for i, c := range []struct {
			batch [][]byte
			words string
		}{
			{[][]byte{good, make([]byte, 17<<20), good},
				"of a batch of 3 messages, none of which is taken, number 1: " +
					"a message of 17825792 bytes is too large: the protocol allows 16777216"},
			{[][]byte{good, make([]byte, 15<<10), good}, "a batch of 3 messages is too large"},
			{[][]byte{make([]byte, 15<<10)},
				"a message of 15360 bytes is too large: the resend buffer allows"},
			{many, "a batch of 1000 messages is too large: " +
				"with their heads they take 83009 bytes, and the resend buffer holds"},
		} {
			// Open and unsent frames must make no difference.
			if offset, err := p.Publish(t.Context(), good); err != nil || offset != uint64(3*i) {
				t.Fatalf("Publish returned %d, %v", offset, err)
			}
			_, err := p.PublishBatch(t.Context(), c.batch)
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("the error is %v, want %q", err, c.words)
			}
			if st := p.Stats(); st.NextOffset != uint64(3*i+1) || st.Accepted != uint64(3*i+1) {
				t.Errorf("after the batch %d messages were accepted, and %d is next; want %d",
					st.Accepted, st.NextOffset, 3*i+1)
			}
			first, err := p.PublishBatch(t.Context(), [][]byte{good, good})
			if err != nil || first != uint64(3*i+1) {
				t.Errorf("the next PublishBatch returned %d, %v", first, err)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}
