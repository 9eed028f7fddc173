package subscriber_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/reliable/config"
	"crier/subscriber"
	"crier/testnet/lan"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// A team's configuration is checked before any socket is opened, and each mistake names its field.
func TestTeamConfigErrors(t *testing.T) {
	team := subscriber.Config{Topic: "orders", Team: "risk"}
	for _, c := range []struct {
		change      func(*subscriber.Config)
		field, want string
	}{
		{func(c *subscriber.Config) { c.Topic = "" }, "Topic", "none is given"},
		{func(c *subscriber.Config) { c.Topic = "ord*" }, "Topic", "is a pattern"},
		{func(c *subscriber.Config) { c.Team = strings.Repeat("x", 256) }, "Team", "256 bytes"},
		{func(c *subscriber.Config) { c.Team = "a\xff" }, "Team", "UTF-8"},
		{func(c *subscriber.Config) { c.Name = strings.Repeat("x", 256) }, "Name", "256 bytes"},
		{func(c *subscriber.Config) { c.Share = 3 }, "Share", "by partition or by message"},
		{func(c *subscriber.Config) { c.Partitions = []uint32{1} }, "Partitions", "granted"},
		{func(c *subscriber.Config) { c.Offsets = subscriber.FileOffsets("x") }, "Offsets",
			"with its publishers"},
		{func(c *subscriber.Config) { c.Start = subscriber.AtOffset(3) }, "Start", "offset:3"},
		{func(c *subscriber.Config) { c.Until = subscriber.UntilOffset(3) }, "Until", "without end"},
		{func(c *subscriber.Config) { c.Order = subscriber.OnArrival }, "Order", "in-order"},
		{func(c *subscriber.Config) { c.Overload = subscriber.OverloadDropOldest }, "Overload",
			"drop-oldest"},
		{func(c *subscriber.Config) { c.Recovery.Off = true }, "Recovery.Off", "recovery"},
		{func(c *subscriber.Config) { c.Weight = -1 }, "Weight", "outside 1 to"},
		{func(c *subscriber.Config) { c.Room = 1025 }, "Room", "outside 1 to 1024"},
		{func(c *subscriber.Config) { c.Window = -1 }, "Window", "outside 1 to"},
		{func(c *subscriber.Config) { c.Orphans = 2 }, "Orphans", "not known"},
		// Without a team, what only a member has is a mistake.
		{func(c *subscriber.Config) { c.Team, c.Share = "", subscriber.ByMessage }, "Share", "no Team"},
		{func(c *subscriber.Config) { c.Team, c.Weight = "", 1 }, "Weight", "no Team"},
		{func(c *subscriber.Config) { c.Team, c.Room = "", 1 }, "Room", "no Team"},
		{func(c *subscriber.Config) { c.Team, c.Window = "", 1 }, "Window", "no Team"},
		{func(c *subscriber.Config) { c.Team, c.ManualDone = "", true }, "ManualDone", "no Team"},
		{func(c *subscriber.Config) { c.Team, c.Orphans = "", subscriber.OrphansReport }, "Orphans",
			"no Team"},
	} {
		cfg := team
		c.change(&cfg)
		n := rig.NewNetwork(rig.All)
		cfg.Link.Network, cfg.Logger = n, rig.Quiet
		s, err := subscriber.New(cfg)
		var wrong *config.Error
		if !errors.As(err, &wrong) || wrong.Field != c.field ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("New: %v, want an error about %s with %q", err, c.field, c.want)
		}
		if err == nil {
			s.Close()
		}
		if opened := n.Opened.Load(); opened > 0 {
			t.Errorf("%v: %d sockets were opened", err, opened)
		}
	}
}

// worker is a member that notes what it is handed.
type worker struct {
	name string
	sub  *subscriber.Subscriber
	host *lan.Host
	stop context.CancelFunc
	over chan struct{}

	mu   sync.Mutex
	got  []string // partition/offset of each message, in order
	late []string // those whose Attempt is above 1
	held map[uint32]bool
	kind map[subscriber.Kind]int
	work func(*subscriber.Event)
}

// teamLAN is a LAN with a publisher of the topic orders.
type teamLAN struct {
	*rig.LAN
	*testing.T
	pub  *publisher.Publisher
	next int
	sent int
	all  []*worker
}

func newTeamLAN(t *testing.T, partitions int, seed uint64) *teamLAN {
	l := &teamLAN{LAN: rig.NewLAN(t, link.Config{Delay: link.FixedDelay(200 * time.Microsecond)}, seed),
		T: t, next: 2}
	l.pub = l.Publisher(publisher.Config{Topic: "orders", Partitions: partitions, Name: "desk"})
	return l
}

// member adds a member.
func (l *teamLAN) member(name string, cfg subscriber.Config) *worker {
	l.T.Helper()
	w := l.idle(name, cfg)
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() {
		defer close(w.over)
		for ev := range w.sub.Messages(ctx) {
			w.note(&ev)
		}
	}()
	return w
}

// idle adds a member that takes nothing.
func (l *teamLAN) idle(name string, cfg subscriber.Config) *worker {
	l.T.Helper()
	w := &worker{name: name, held: map[uint32]bool{}, kind: map[subscriber.Kind]int{},
		over: make(chan struct{})}
	cfg.Topic, cfg.Team, cfg.Name = "orders", "risk", name
	w.host = l.Host(l.next)
	w.sub = l.Subscriber(w.host, cfg)
	l.next++
	l.all = append(l.all, w)
	return w
}

func (w *worker) note(ev *subscriber.Event) {
	w.mu.Lock()
	w.kind[ev.Kind]++
	switch ev.Kind {
	case subscriber.Assigned:
		w.held[ev.Partition] = true
	case subscriber.Revoked:
		delete(w.held, ev.Partition)
	case subscriber.Message:
		at := fmt.Sprintf("%d/%d", ev.Partition, ev.Offset)
		w.got = append(w.got, at)
		if ev.Attempt() > 1 || ev.Orphan() {
			w.late = append(w.late, at)
		}
	}
	work := w.work
	w.mu.Unlock()
	if work != nil && ev.Kind == subscriber.Message {
		work(ev)
	}
}

func (w *worker) partitions() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held)
}

func (w *worker) taken() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.got)
}

// publish publishes messages in turn to all partitions, a millisecond apart.
func (l *teamLAN) publish(n int) {
	l.T.Helper()
	for range n {
		if _, err := l.pub.Publish(l.T.Context(), fmt.Appendf(nil, "%d", l.sent)); err != nil {
			l.T.Fatal(err)
		}
		l.sent++
		time.Sleep(time.Millisecond)
	}
}

// settle lets the team settle.
func settle() { time.Sleep(2 * time.Second); synctest.Wait() }

// close ends all.
func (l *teamLAN) close() {
	l.T.Helper()
	for _, w := range l.all {
		if err := w.sub.Close(); err != nil {
			l.T.Error(err)
		}
		if w.stop != nil {
			<-w.over
			w.stop()
		}
	}
	if err := l.pub.Close(); err != nil {
		l.T.Error(err)
	}
	l.LAN.Close()
}

// wantAll wants each message handed out, and none twice without a mark.
func (l *teamLAN) wantAll() {
	l.T.Helper()
	seen := map[string]int{}
	for _, w := range l.all {
		w.mu.Lock()
		for _, at := range w.got {
			seen[at]++
		}
		for _, at := range w.late {
			seen[at]--
		}
		w.mu.Unlock()
	}
	unmarked := 0
	for at, n := range seen {
		if n > 1 {
			l.T.Errorf("%s was handed out %d times without a mark", at, n)
		}
		unmarked += n
	}
	if len(seen) != l.sent {
		l.T.Errorf("%d messages were handed out, want %d", len(seen), l.sent)
	}
}

// Two members share the partitions, a third takes some over, and one that leaves gives its own
// back: nothing comes twice, and nothing is left out.
func TestTeamMovesPartitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTeamLAN(t, 6, 1)
		a, b := l.member("a", subscriber.Config{}), l.member("b", subscriber.Config{})
		settle()
		if a.partitions() != 3 || b.partitions() != 3 {
			t.Errorf("two members hold %d and %d of 6", a.partitions(), b.partitions())
		}
		l.publish(300)
		c := l.member("c", subscriber.Config{})
		l.publish(1000)
		settle()
		if a.partitions() != 2 || b.partitions() != 2 || c.partitions() != 2 {
			t.Errorf("three members hold %d, %d and %d", a.partitions(), b.partitions(),
				c.partitions())
		}
		if err := b.sub.Close(); err != nil {
			t.Error(err)
		}
		l.publish(1000)
		settle()
		if a.partitions()+c.partitions() != 6 {
			t.Errorf("two members hold %d and %d of 6", a.partitions(), c.partitions())
		}
		l.close()
		l.wantAll()
		for _, w := range l.all {
			if len(w.late) > 0 {
				t.Errorf("%s got %d marked as duplicates after graceful moves", w.name, len(w.late))
			}
			if st := w.sub.Stats().Team; st.Lapsed > 0 || st.DoneTwice > 0 || st.DoneLate > 0 ||
				st.Done != uint64(len(w.got)) {
				t.Errorf("%s, %d messages: %+v", w.name, len(w.got), st)
			}
		}
	})
}

// A Handler of a member runs off the loop: while it works for longer than the lease, the leases are
// renewed. Close waits for it.
func TestTeamHandlerIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTeamLAN(t, 2, 2)
		var began, ended atomic.Int64
		w := l.idle("slow", subscriber.Config{})
		w.sub.Close()
		w = l.idle("handler", subscriber.Config{Handler: func(ev *subscriber.Event) {
			if ev.Kind == subscriber.Message {
				began.Add(1)
				time.Sleep(5 * time.Second)
				ended.Add(1)
			}
		}})
		settle()
		l.publish(4)
		time.Sleep(12 * time.Second)
		synctest.Wait()
		if began.Load() != 3 || ended.Load() != 2 {
			t.Errorf("after 12 s %d began and %d ended", began.Load(), ended.Load())
		}
		if err := w.sub.Close(); err != nil {
			t.Error(err)
		}
		if began.Load() != ended.Load() {
			t.Errorf("Close returned in the middle of a message")
		}
		if st := w.sub.Stats().Team; st.Lapsed > 0 || st.Done != uint64(ended.Load()) {
			t.Errorf("%+v", st)
		}
		rest := l.member("rest", subscriber.Config{})
		settle()
		if got := rest.taken(); got != 4-int(ended.Load()) || len(rest.late) > 0 {
			t.Errorf("another member got %d, %d of them marked: %v; before: %+v", got,
				len(rest.late), rest.got, w.sub.Stats().Team)
		}
		l.close()
	})
}

// Done twice, after the lease is over, outside of a team, and of what isn't a message.
func TestTeamMisuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTeamLAN(t, 1, 3)
		a := l.member("a", subscriber.Config{ManualDone: true})
		var kept []subscriber.Event
		a.mu.Lock()
		a.work = func(ev *subscriber.Event) {
			kept = append(kept, *ev)
			if ev.Offset%2 > 0 {
				return
			}
			if err := ev.Done(); err != nil {
				t.Errorf("offset %d: Done: %v", ev.Offset, err)
			}
			if err := ev.Done(); !errors.Is(err, subscriber.ErrDoneTwice) {
				t.Errorf("offset %d: Done again: %v", ev.Offset, err)
			}
		}
		a.mu.Unlock()
		settle()
		l.publish(10)
		synctest.Wait()
		if len(kept) != 10 {
			t.Fatalf("%d messages came", len(kept))
		}
		if err := kept[1].Release(0); !errors.Is(err, subscriber.ErrNoTeam) {
			t.Errorf("a message of a partition was released: %v", err)
		}
		if err := kept[1].Working(); !errors.Is(err, subscriber.ErrNoTeam) {
			t.Errorf("the time for a message of a partition was prolonged: %v", err)
		}
		for i := 1; i < 9; i += 2 {
			if err := kept[i].Done(); err != nil {
				t.Errorf("offset %d: Done later: %v", i, err)
			}
		}
		// The member isn't heard for longer than its lease.
		l.Back(a.host).SetDown(true)
		time.Sleep(5 * time.Second)
		if err := kept[9].Done(); !errors.Is(err, subscriber.ErrRevoked) {
			t.Errorf("Done after the lease: %v", err)
		}
		st := a.sub.Stats().Team
		if st.DoneTwice != 5 || st.DoneLate != 1 || st.Lapsed != 1 {
			t.Errorf("%+v", st)
		}
		if err := new(subscriber.Event).Done(); !errors.Is(err, subscriber.ErrNoTeam) {
			t.Errorf("Done outside of a team: %v", err)
		}
		l.close()
	})
}

// A range that is left in the middle of a message begins with it again, marked. One that was done
// before isn't repeated.
func TestTeamRangeIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTeamLAN(t, 1, 4)
		w := l.idle("a", subscriber.Config{})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { time.Sleep(2 * time.Second); l.publish(6) }()
		var story []string
		for i := range 3 {
			for ev := range w.sub.Messages(ctx) {
				if ev.Kind != subscriber.Message {
					continue
				}
				story = append(story, fmt.Sprintf("%d:%d", ev.Offset, ev.Attempt()))
				if i == 0 && ev.Offset == 1 {
					break // it isn't done
				}
				if i == 1 && ev.Offset == 3 {
					ev.Done()
					break
				}
				if ev.Offset == 5 {
					stop()
				}
			}
		}
		want := []string{"0:1", "1:1", "1:2", "2:1", "3:1", "4:1", "5:1"}
		if !slices.Equal(story, want) {
			t.Errorf("%v, want %v", story, want)
		}
		if st := w.sub.Stats().Team; st.Done != 6 || st.DoneTwice > 0 {
			t.Errorf("%+v", st)
		}
		l.close()
	})
}

// A member beyond the partitions has nothing to do, and a name that another one has is refused.
func TestTeamSpareAndNameTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTeamLAN(t, 1, 5)
		a, b := l.member("a", subscriber.Config{}), l.member("b", subscriber.Config{})
		settle()
		if a.partitions()+b.partitions() != 1 {
			t.Errorf("two members hold %d and %d of 1", a.partitions(), b.partitions())
		}
		c := l.member("a", subscriber.Config{})
		settle()
		if c.partitions() > 0 || c.sub.Stats().Team.Refused != 1 {
			t.Errorf("the second of a name holds %d: %+v", c.partitions(), c.sub.Stats().Team)
		}
		if refused := c.sub.Teams(); len(refused) != 1 || refused[0].Refused != subscriber.NameTaken {
			t.Errorf("%+v", refused)
		}
		l.publish(20)
		settle()
		l.close()
		l.wantAll()
	})
}

// A publisher that grants nothing to teams is told, and so it isn't waited for in silence.
func TestTeamPublisherGrantsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTeamLAN(t, 1, 7)
		if err := l.pub.Close(); err != nil {
			t.Error(err)
		}
		l.pub = l.Publisher(publisher.Config{Topic: "orders", Name: "other",
			Teams: publisher.Teams{Off: true}})
		a := l.member("a", subscriber.Config{})
		settle()
		l.publish(1)
		settle()
		a.mu.Lock()
		told := a.kind[subscriber.NotGranted]
		a.mu.Unlock()
		if told != 1 || a.taken() > 0 {
			t.Errorf("told %d times, %d messages", told, a.taken())
		}
		if st := a.sub.Teams(); len(st) != 1 || st[0].Refused != subscriber.NoTeams {
			t.Errorf("%+v", st)
		}
		l.close()
	})
}

// sleeper is a host whose lease clock is set by hand.
type sleeper struct {
	*lan.Host
	mu    sync.Mutex
	shift time.Duration
}

func (s *sleeper) LeaseClock() multicast.LeaseClock { return s }

func (s *sleeper) Shift(time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shift
}

// A machine that slept for longer than the lease hands out nothing of what it has in hand, though
// its own clock stood still.
func TestTeamMachineSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTeamLAN(t, 1, 6)
		host := &sleeper{Host: l.Host(9)}
		sub, err := subscriber.New(subscriber.Config{Topic: "orders", Team: "risk", Name: "a",
			Interface: "eth0", Link: subscriber.Link{Network: host}, Logger: rig.Quiet})
		if err != nil {
			t.Fatal(err)
		}
		step, next := make(chan uint64), make(chan struct{})
		go func() {
			defer close(step)
			for ev := range sub.Messages(context.Background()) {
				if ev.Kind == subscriber.Message {
					step <- ev.Offset
					<-next
				}
			}
		}()
		settle()
		for range 5 { // which come together
			if _, err := l.pub.Publish(t.Context(), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if at := <-step; at != 0 {
			t.Fatalf("offset %d", at)
		}
		synctest.Wait()
		host.mu.Lock()
		host.shift = 10 * time.Second
		host.mu.Unlock()
		next <- struct{}{}
		synctest.Wait()
		if st := sub.Stats().Team; st.HandedOut != 1 || st.Withheld == 0 || st.DoneLate != 1 {
			t.Errorf("after a sleep: %+v", st)
		}
		go func() {
			for range step {
				next <- struct{}{}
			}
		}()
		sub.Close()
		l.close()
	})
}
