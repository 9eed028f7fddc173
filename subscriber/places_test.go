package subscriber_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// shelf is an OffsetStore in memory, which notes what was saved and when.
type shelf struct {
	mu    sync.Mutex
	last  []subscriber.Position
	saves []uint64 // the offset of each save
	times []time.Time
	fails error
}

func (s *shelf) Load() ([]subscriber.Position, error) { return slices.Clone(s.last), nil }

func (s *shelf) Save(positions []subscriber.Position) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return s.fails
	}
	s.last = slices.Clone(positions)
	s.saves = append(s.saves, positions[len(positions)-1].Offset)
	s.times = append(s.times, time.Now())
	return nil
}

func (s *shelf) offsets() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.saves)
}

// tape returns the datagrams of a session with messages of some size.
func tape(t *testing.T, count, size int) [][]byte {
	return record(t, publisher.Config{Session: 1, Name: "feed", BatchWait: time.Minute},
		func(p *publisher.Publisher) {
			for range count {
				if _, err := p.Publish(t.Context(), make([]byte, size)); err != nil {
					t.Error(err)
				}
			}
		})
}

// play gives datagrams to a subscriber.
func play(n *rig.Network, datagrams ...[]byte) {
	for _, d := range datagrams {
		n.Into(0) <- d
	}
	synctest.Wait()
}

// The position before a session's first message is saved before that message is delivered, and
// a message is acknowledged when the next is asked for; within each interval there is one save.
func TestMessagesAcknowledge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := tape(t, 10, 1000)
		n := rig.NewNetwork(rig.All)
		var s shelf
		sub := n.Subscriber(t, subscriber.Config{Offsets: &s})
		go play(n, sent...)
		began := time.Now()
		for ev := range sub.Messages(t.Context()) {
			if ev.Kind != subscriber.Message {
				continue
			}
			switch ev.Offset {
			case 0:
				time.Sleep(time.Second)
				if got := s.offsets(); !slices.Equal(got, []uint64{0}) {
					t.Errorf("during message 0 saved %v", got)
				}
				if s.last[0].Publisher != "feed" || s.last[0].Session != 1 {
					t.Errorf("saved %+v", s.last)
				}
			case 5:
				synctest.Wait()
				// The goroutine that saves may have run before all of the five were taken.
				if got := s.offsets(); len(got) != 2 || got[0] != 0 || got[1] < 1 || got[1] > 5 {
					t.Errorf("saved %v", got)
				}
			case 8:
				time.Sleep(100*time.Millisecond - 1)
				if got := s.offsets(); len(got) != 2 {
					t.Errorf("saved %v before the interval is over", got)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if got := s.offsets(); len(got) != 3 || got[2] != 8 {
					t.Errorf("saved %v", got)
				}
			}
			if ev.Offset == 9 {
				break
			}
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		if got := s.offsets(); got[len(got)-1] != 9 { // the last one's range was left
			t.Errorf("saved %v", got)
		}
	})
}

// A Handler acknowledges by returning; with Sync that is saved at once.
func TestHandlerAcknowledges(t *testing.T) {
	for _, each := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sent := tape(t, 20, 100)
			n := rig.NewNetwork(rig.All)
			var s shelf
			sub := n.Subscriber(t, subscriber.Config{
				Offsets: &s, Acknowledge: subscriber.Acknowledge{Sync: each},
				Handler: func(ev *subscriber.Event) {
					if got := s.offsets(); ev.Kind == subscriber.Message &&
						(got[len(got)-1] > ev.Offset || each && got[len(got)-1] != ev.Offset) {
						t.Errorf("during message %d, %v are saved", ev.Offset, got)
					}
				},
			})
			play(n, sent...)
			if err := sub.Close(); err != nil {
				t.Error(err)
			}
			if s.last[0].Offset != 20 || each && len(s.saves) != 21 || !each && len(s.saves) > 3 {
				t.Errorf("saved %v", s.saves)
			}
		})
	}
}

// With ByDone only Done acknowledges, also after Close.
func TestDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := tape(t, 20, 1000)
		n := rig.NewNetwork(rig.All)
		var s shelf
		sub := n.Subscriber(t, subscriber.Config{
			Offsets: &s, Acknowledge: subscriber.Acknowledge{ByDone: true},
		})
		go play(n, sent...)
		var at []subscriber.Position
		for ev := range sub.Messages(t.Context()) {
			if ev.Kind == subscriber.Message {
				if at = append(at, ev.Position()); len(at) == 20 {
					break
				}
			}
		}
		done := func(i int, want uint64) {
			t.Helper()
			if err := sub.Done(at[i]); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if s.last[0].Offset != want {
				t.Errorf("after message %d is done, %+v are saved", i, s.last)
			}
		}
		done(4, 5)
		done(2, 5) // an earlier one changes nothing
		done(9, 10)
		if err := sub.Done(subscriber.Position{Session: 2, Offset: 1}); err !=
			subscriber.ErrUnknownPosition {
			t.Error(err)
		}
		if got := sub.Positions(); !slices.Equal(got, s.last) {
			t.Errorf("the positions are %+v, saved %+v", got, s.last)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		done(19, 20)
	})
}

// Nothing is acknowledged behind messages that Close gave up: they come when the consumer
// resumes.
func TestCloseAcknowledgesNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := tape(t, 20, 1000)
		n := rig.NewNetwork(rig.All)
		var s shelf
		var told []subscriber.Event
		sub := n.Subscriber(t, subscriber.Config{
			Offsets: &s, Handler: func(ev *subscriber.Event) { told = append(told, *ev) },
		})
		play(n, slices.Delete(slices.Clone(sent), 6, 7)...)
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		lost := slices.IndexFunc(told, func(ev subscriber.Event) bool {
			return ev.Kind == subscriber.Loss
		})
		if lost < 0 || told[lost].Cause != subscriber.CauseClosed || lost > len(told)-5 {
			t.Fatalf("%d events, the loss is number %d", len(told), lost)
		}
		if s.last[0].Offset != told[lost].Lost.From {
			t.Errorf("lost %v, saved %+v", told[lost].Lost, s.last)
		}
	})
}

// A Save that fails is repeated, and the last one's error is that of Close and of Done with Sync.
func TestSaveFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := tape(t, 20, 1000)
		n := rig.NewNetwork(rig.All)
		s := shelf{fails: errors.New("disk full")}
		sub := n.Subscriber(t, subscriber.Config{
			Offsets: &s, Handler: func(ev *subscriber.Event) {},
		})
		play(n, sent[:10]...)
		s.mu.Lock()
		s.fails = nil
		s.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(s.saves) != 1 || s.saves[0] < 5 {
			t.Errorf("saved %v", s.saves)
		}
		s.mu.Lock()
		s.fails = errors.New("disk full")
		s.mu.Unlock()
		play(n, sent[10:]...)
		if err := sub.Close(); err == nil || err.Error() != "disk full" {
			t.Error(err)
		}
	})
}

// A subscriber that works a stretch through again leaves the positions as they are.
func TestStretchSavesNothing(t *testing.T) {
	for _, cfg := range []subscriber.Config{
		{Start: subscriber.Oldest}, {Start: subscriber.AtOffset(3)},
		{Until: subscriber.UntilOffset(15)},
	} {
		synctest.Test(t, func(t *testing.T) {
			sent := tape(t, 20, 1000)
			n := rig.NewNetwork(rig.All)
			var s shelf
			cfg.Offsets, cfg.Handler = &s, func(ev *subscriber.Event) {}
			sub := n.Subscriber(t, cfg)
			play(n, sent...)
			if err := sub.Done(subscriber.Position{Session: 1}); err != subscriber.ErrNoOffsets {
				t.Error(err)
			}
			if err := sub.Close(); err != nil || len(s.saves) > 0 || sub.Positions() != nil {
				t.Errorf("saved %v, %v", s.saves, err)
			}
		})
	}
}

// Many sessions leave the positions of those that moved last.
func TestManyPositions(t *testing.T) {
	var s shelf
	for i := range 4200 {
		s.last = append(s.last, subscriber.Position{Session: subscriber.SessionID(i + 2), Offset: 7})
	}
	synctest.Test(t, func(t *testing.T) {
		sent := tape(t, 20, 1000)
		n := rig.NewNetwork(rig.All)
		sub := n.Subscriber(t, subscriber.Config{
			Offsets: &s, Handler: func(ev *subscriber.Event) {},
		})
		play(n, sent...)
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		last := s.last[len(s.last)-1]
		if len(s.last) != 4096 || last.Session != 1 || last.Offset != 20 ||
			s.last[0].Session != 4200+2-4095 {
			t.Errorf("%d positions, from %+v to %+v", len(s.last), s.last[0], last)
		}
	})
}
