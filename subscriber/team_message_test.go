package subscriber_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
)

// byMessage returns a LAN whose publisher gives a time for a message.
func byMessage(t *testing.T, seed uint64, workTime time.Duration) *teamLAN {
	l := newTeamLAN(t, 1, seed)
	if err := l.pub.Close(); err != nil {
		t.Error(err)
	}
	l.pub = l.Publisher(publisher.Config{Topic: "orders", Name: "jobs",
		Teams: publisher.Teams{WorkTime: workTime}})
	return l
}

// at prints a message, and the attempt at it.
func at(ev *subscriber.Event) string { return fmt.Sprintf("%d:%d", ev.Offset, ev.Attempt()) }

// Where messages are shared, too, a range that is left in the middle of one begins with it again,
// marked: at once, and without another attempt at the publisher's. One that was done, or released,
// before isn't repeated. A panic breaks off as well.
func TestTeamMessageRangeIsLeft(t *testing.T) {
	for _, share := range []subscriber.Share{subscriber.ByPartition, subscriber.ByMessage} {
		t.Run(share.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := byMessage(t, 1, 30*time.Second)
				w := l.idle("a", subscriber.Config{Share: share})
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go func() { settle(); l.publish(6) }()
				var story []string
				var times []time.Time
				round := func(i int) {
					defer func() { recover() }()
					for ev := range w.sub.Messages(ctx) {
						if ev.Kind != subscriber.Message {
							continue
						}
						story = append(story, at(&ev))
						times = append(times, time.Now())
						switch {
						case i < 2 && ev.Offset == 1:
							return // it isn't done
						case i == 2 && ev.Offset == 3:
							ev.Done()
							return
						case i == 3 && ev.Offset == 4:
							panic("the application's")
						case ev.Offset == 5:
							stop()
						}
					}
				}
				for i := range 5 {
					round(i)
				}
				want := []string{"0:1", "1:1", "1:2", "1:3", "2:1", "3:1", "4:1", "4:2", "5:1"}
				if !slices.Equal(story, want) {
					t.Errorf("%v, want %v", story, want)
				} else if d := times[3].Sub(times[1]); d != 0 {
					t.Errorf("it came again after %v", d)
				}
				l.close()
				if st := w.sub.Stats().Team; st.Done != 6 || st.DoneTwice+st.DoneLate > 0 {
					t.Errorf("%+v", st)
				}
				if st := l.pub.Stats().Teams; share == subscriber.ByMessage && st.Redelivered > 0 {
					t.Errorf("the publisher granted again: %+v", st)
				}
			})
		})
	}
}

// A message that was broken off doesn't come again once its time is over: another member has it.
func TestTeamMessageIsLeftForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := byMessage(t, 2, time.Second)
		w := l.idle("a", subscriber.Config{Share: subscriber.ByMessage})
		go func() { settle(); l.publish(1) }()
		for ev := range w.sub.Messages(t.Context()) {
			if ev.Kind == subscriber.Message {
				break
			}
		}
		b := l.member("b", subscriber.Config{Share: subscriber.ByMessage})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if b.taken() != 1 || len(b.late) != 1 {
			t.Errorf("the other member got %v, of them marked %v", b.got, b.late)
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		for ev := range w.sub.Messages(ctx) {
			if ev.Kind == subscriber.Message {
				t.Errorf("it came again here: %s", at(&ev))
			}
		}
		l.close()
	})
}

// A range begins anew with what another one broke off, while the Subscriber is being closed.
func TestTeamRangeAnewWhileClosing(t *testing.T) {
	for _, share := range []subscriber.Share{subscriber.ByPartition, subscriber.ByMessage} {
		synctest.Test(t, func(t *testing.T) {
			l := byMessage(t, 3, 30*time.Second)
			w := l.idle("a", subscriber.Config{Share: share})
			go func() { settle(); l.publish(1) }()
			for ev := range w.sub.Messages(t.Context()) {
				if ev.Kind == subscriber.Message {
					break
				}
			}
			go w.sub.Close()
			time.Sleep(time.Millisecond) // which doesn't order what the two do
			for range w.sub.Messages(t.Context()) {
			}
			l.close()
		})
	}
}

// The word of a message: it is done, once; released, at once or later, and comes again marked; or
// worked on for longer than its time. It may be given on any goroutine, by a copy of the Event.
func TestTeamMessageWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := byMessage(t, 4, 2*time.Second)
		w := l.idle("a", subscriber.Config{Share: subscriber.ByMessage, ManualDone: true})
		events := make(chan subscriber.Event, 64)
		go func() {
			for ev := range w.sub.Messages(context.Background()) {
				if ev.Kind == subscriber.Message {
					events <- ev
				}
			}
		}()
		settle()
		next := func(want string) *subscriber.Event {
			t.Helper()
			ev := <-events
			if got := at(&ev); got != want {
				t.Errorf("%s came, want %s", got, want)
			}
			return &ev
		}
		want := func(of string, got, want error) {
			t.Helper()
			if !errors.Is(got, want) {
				t.Errorf("%s: %v, want %v", of, got, want)
			}
		}
		l.publish(4)
		done, freed, later, slow := next("0:1"), next("1:1"), next("2:1"), next("3:1")
		want("Done", done.Done(), nil)
		want("Done again", done.Done(), subscriber.ErrDoneTwice)
		want("Release of what is done", done.Release(0), subscriber.ErrDoneTwice)
		want("Working on what is done", done.Working(), subscriber.ErrDoneTwice)
		want("Release later", later.Release(time.Second), nil)
		want("Working on what is released", later.Working(), subscriber.ErrDoneTwice)
		began := time.Now()
		want("Release", freed.Release(0), nil)
		freed = next("1:2")
		if d := time.Since(began); d > 50*time.Millisecond {
			t.Errorf("what was released came after %v", d)
		}
		want("Done", freed.Done(), nil)
		later = next("2:2")
		if d := time.Since(began); d < time.Second || d > 1100*time.Millisecond {
			t.Errorf("what was released for a second came after %v", d)
		}
		want("Done", later.Done(), nil)
		for range 5 {
			time.Sleep(time.Second)
			want("Working", slow.Working(), nil)
		}
		want("Done of what was worked on", slow.Done(), nil)
		// Without such a word the message is granted again after its time, to whoever has room.
		l.publish(1)
		lost := next("4:1")
		again := next("4:2")
		want("Done of the first grant", lost.Done(), subscriber.ErrRevoked)
		if err := again.Done(); err != nil && !errors.Is(err, subscriber.ErrDoneTwice) {
			t.Errorf("Done of the second grant: %v", err)
		}
		select {
		case ev := <-events:
			t.Errorf("%s came besides", at(&ev))
		default:
		}
		l.close()
		if st := w.sub.Stats().Team; st.DoneTwice < 1 || st.DoneLate != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// Close waits for what workers have in hand, whatever the goroutine: nothing of it is given back
// undone. Once it is over, a message is said to be another's.
func TestTeamCloseWaitsForWorkers(t *testing.T) {
	for _, share := range []subscriber.Share{subscriber.ByPartition, subscriber.ByMessage} {
		t.Run(share.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := byMessage(t, 5, 30*time.Second)
				a := l.idle("a", subscriber.Config{Share: share, ManualDone: true})
				var workers sync.WaitGroup
				var done atomic.Int32
				var last subscriber.Event
				go func() {
					for ev := range a.sub.Messages(context.Background()) {
						if ev.Kind != subscriber.Message {
							continue
						}
						last = ev
						workers.Go(func() {
							time.Sleep(10 * time.Second)
							if err := ev.Done(); err != nil {
								t.Errorf("offset %d: %v", ev.Offset, err)
							}
							done.Add(1)
						})
					}
				}()
				settle()
				l.publish(4)
				if err := a.sub.Close(); err != nil {
					t.Error(err)
				}
				if n := done.Load(); n != 4 {
					t.Errorf("Close returned when %d of 4 were done", n)
				}
				workers.Wait()
				if err := last.Done(); err == nil {
					t.Error("a message was done twice, after Close")
				}
				b := l.member("b", subscriber.Config{Share: share})
				settle()
				if b.taken() > 0 {
					t.Errorf("another member got %v", b.got)
				}
				l.close()
			})
		})
	}
}

// Close waits for 30 s at the most: what isn't done then is given back, and comes to others marked.
// Its word comes too late.
func TestTeamCloseGivesBackWhatIsNotDone(t *testing.T) {
	for _, share := range []subscriber.Share{subscriber.ByPartition, subscriber.ByMessage} {
		t.Run(share.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := byMessage(t, 6, time.Minute)
				a := l.idle("a", subscriber.Config{Share: share, ManualDone: true})
				var got []subscriber.Event
				go func() {
					for ev := range a.sub.Messages(context.Background()) {
						if ev.Kind == subscriber.Message {
							got = append(got, ev)
						}
					}
				}()
				settle()
				l.publish(2)
				began := time.Now()
				if err := a.sub.Close(); err != nil {
					t.Error(err)
				}
				if d := time.Since(began); d < 30*time.Second || d > 31*time.Second {
					t.Errorf("Close took %v", d)
				}
				synctest.Wait()
				if len(got) != 2 {
					t.Fatalf("%d messages came", len(got))
				}
				for _, err := range []error{got[1].Working(), got[1].Release(0), got[0].Done()} {
					if !errors.Is(err, subscriber.ErrRevoked) &&
						!(share == subscriber.ByPartition && errors.Is(err, subscriber.ErrNoTeam)) {
						t.Errorf("a word after Close: %v", err)
					}
				}
				b := l.member("b", subscriber.Config{Share: share})
				settle()
				if b.taken() != 2 || len(b.late) != 2 {
					t.Errorf("another member got %v, of them marked %v", b.got, b.late)
				}
				l.close()
			})
		})
	}
}

// A Handler has a member closed by another goroutine: its message is done when it returns.
func TestTeamHandlerHasItClosed(t *testing.T) {
	for _, share := range []subscriber.Share{subscriber.ByPartition, subscriber.ByMessage} {
		t.Run(share.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := byMessage(t, 7, 30*time.Second)
				var a *worker
				closed := make(chan error, 1)
				a = l.idle("a", subscriber.Config{Share: share, Handler: func(ev *subscriber.Event) {
					if ev.Kind == subscriber.Message && ev.Offset == 1 {
						go func() { closed <- a.sub.Close() }()
						time.Sleep(5 * time.Second)
					}
				}})
				settle()
				l.publish(4)
				if err := <-closed; err != nil {
					t.Error(err)
				}
				if st := a.sub.Stats().Team; st.Done != 2 {
					t.Errorf("%+v", st)
				}
				b := l.member("b", subscriber.Config{Share: share})
				settle()
				if want := []string{"0/2", "0/3"}; !slices.Equal(b.got, want) {
					t.Errorf("another member got %v, want %v", b.got, want)
				}
				l.close()
			})
		})
	}
}

// A step that closes its own Subscriber waits for itself, 30 s at the most: its message isn't done.
func TestTeamStepCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := byMessage(t, 8, time.Minute)
		a := l.idle("a", subscriber.Config{Share: subscriber.ByMessage})
		go func() { settle(); l.publish(2) }()
		steps := 0
		for ev := range a.sub.Messages(t.Context()) {
			if ev.Kind == subscriber.Message {
				steps++
				began := time.Now()
				a.sub.Close()
				if d := time.Since(began); d < 30*time.Second || d > 31*time.Second {
					t.Errorf("Close took %v", d)
				}
			}
		}
		if err := a.sub.Err(); steps != 1 || !errors.Is(err, subscriber.ErrClosed) {
			t.Errorf("%d steps, then %v", steps, err)
		}
		b := l.member("b", subscriber.Config{Share: subscriber.ByMessage})
		settle()
		if b.taken() != 2 || len(b.late) != 1 {
			t.Errorf("another member got %v, of them marked %v", b.got, b.late)
		}
		l.close()
	})
}
