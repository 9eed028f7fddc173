package subscriber_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// A range over Messages may be slow. The sockets are read meanwhile, so that no message is
// lost or requested again. The range gets all messages in order, including those that are
// left when Close is called.
func TestSlowRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := rig.NewLAN(t, nearLink, 1)
		defer lan.Close()
		var got []uint64
		var kinds []subscriber.Kind
		sub := lan.Subscriber(lan.Host(2), subscriber.Config{})
		var application sync.WaitGroup
		application.Go(func() {
			for ev := range sub.Messages(context.Background()) {
				if ev.Kind != subscriber.Message {
					kinds = append(kinds, ev.Kind)
					continue
				}
				if string(ev.Payload) != text(int(ev.Offset)) {
					t.Errorf("message %d differs", ev.Offset)
				}
				got = append(got, ev.Offset)
				time.Sleep(10 * time.Millisecond)
			}
		})
		p := lan.Publisher(publisher.Config{})
		const count = 200
		for i := range count {
			if _, err := p.Publish(t.Context(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(10 * time.Millisecond)
		// After 0.2 s, the messages of 2 s of work are received.
		st := sub.Sessions()[0]
		if st.NextOffset != count || st.Gaps != 0 || st.Nacks != 0 || st.Lag < count/2 {
			t.Errorf("%+v", st)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		application.Wait()
		for i, offset := range got {
			if offset != uint64(i) {
				t.Fatalf("message %d came instead of %d", offset, i)
			}
		}
		st = sub.Sessions()[0]
		if len(got) != count || st.Lost != 0 || fmt.Sprint(kinds) != "[new ended]" {
			t.Errorf("the range yielded %d messages and %v: %+v", len(got), kinds, st)
		}
	})
}

// lagged is a call of OnLag.
type lagged struct {
	messages uint64
	behind   bool
}

// OnLag is called once when the lag passes the threshold, and once when it falls below half
// of it. A lag that hovers about the threshold causes one call.
func TestOnLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := rig.NewLAN(t, nearLink, 1)
		defer lan.Close()
		var told []lagged
		sub := lan.Subscriber(lan.Host(2), subscriber.Config{
			WarnLag: 100,
			OnLag: func(lag subscriber.Lag, behind bool) {
				told = append(told, lagged{lag.Messages, behind})
			},
		})
		p := lan.Publisher(publisher.Config{})
		published := 0
		publish := func(n int) {
			for range n {
				message := fmt.Appendf(nil, "%01300d", published)
				if _, err := p.Publish(t.Context(), message); err != nil {
					t.Fatal(err)
				}
				published++
				time.Sleep(time.Millisecond)
			}
		}
		taken := 0
		take := func(n int) {
			for ev := range sub.Messages(context.Background()) {
				if ev.Kind != subscriber.Message {
					continue
				}
				if taken++; taken == published-n {
					break
				}
			}
			time.Sleep(time.Millisecond)
		}
		want := func(n int, behind bool) {
			t.Helper()
			synctest.Wait()
			if len(told) != n || n > 0 && told[n-1].behind != behind {
				t.Fatalf("%d messages were published, and %d taken: OnLag was called with %v",
					published, taken, told)
			}
		}
		publish(100)
		want(0, false)
		publish(10)
		want(1, true)
		if told[0].messages != 101 {
			t.Errorf("OnLag was called at %d messages", told[0].messages)
		}
		for range 5 { // hover about the threshold
			take(80)
			publish(40)
		}
		want(1, true)
		take(40)
		want(2, false)
		if told[1].messages > 50 {
			t.Errorf("OnLag reported recovery at %d messages", told[1].messages)
		}
		for range 5 { // hover about half of it
			publish(30)
			take(45)
		}
		want(2, false)
		publish(60)
		want(3, true)
		if lag := sub.Lag(); lag.Messages != uint64(published-taken) {
			t.Errorf("Lag is %d messages, and %d are waiting", lag.Messages, published-taken)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A subscriber whose application stands still doesn't delay another one in the same process,
// whether the application stops within a range or takes nothing at all.
func TestStuckSubscriberBesideAnother(t *testing.T) {
	for _, ranging := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			lan := rig.NewLAN(t, nearLink, 1)
			defer lan.Close()
			host := lan.Host(2)
			stuck := make(chan struct{})
			one := lan.Subscriber(host,
				subscriber.Config{Memory: subscriber.Memory{Buffer: 64 << 10}})
			var application sync.WaitGroup
			if ranging {
				application.Go(func() {
					for range one.Messages(context.Background()) {
						<-stuck
					}
				})
			}
			worst, n := time.Duration(0), 0
			other := lan.Subscriber(host, subscriber.Config{Handler: func(ev *subscriber.Event) {
				if ev.Kind == subscriber.Message {
					worst, n = max(worst, time.Since(ev.Sent)), n+1
				}
			}})
			p := lan.Publisher(publisher.Config{})
			const count = 500
			for i := range count {
				if _, err := p.Publish(t.Context(), []byte(text(i))); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
			}
			if st := one.Sessions()[0]; st.Delivered > 10 || st.NoRoom == 0 {
				t.Errorf("the stuck subscriber: %+v", st)
			}
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			if n != count || worst > 150*time.Microsecond {
				t.Errorf("the other got %d messages, the latest after %v", n, worst)
			}
			close(stuck)
			for _, sub := range []*subscriber.Subscriber{one, other} {
				if err := sub.Close(); err != nil {
					t.Error(err)
				}
			}
			application.Wait()
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
