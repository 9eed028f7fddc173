package publisher_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/testnet/link"
	"crier/testnet/rig"
)

var teamGroup = netip.MustParseAddrPort("239.77.1.9:17900")

// worker is a member of a team on a host of its own.
type worker struct {
	t     *testing.T
	pub   *publisher.Publisher
	conn  multicast.Conn
	claim frame.Frame
	// heard are the GRANTs for it, of which granted is the newest.
	heard   chan frame.GrantBody
	granted frame.GrantBody
	// done is the offset below which it has done all, in all partitions.
	done uint64
}

func newWorker(t *testing.T, l *rig.LAN, p *publisher.Publisher, name string) *worker {
	conn, err := l.Host(66).Socket(multicast.SocketConfig{
		Interface: "eth0", Group: teamGroup, TTL: 1, Logger: rig.Quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{t: t, pub: p, conn: conn, heard: make(chan frame.GrantBody, 1000),
		claim: frame.Frame{Kind: frame.Claim, Session: uint64(p.Session()),
			Subscriber: 77 + uint64(crc32.ChecksumIEEE([]byte(name))), Name: []byte(name),
			Claim: &frame.ClaimBody{Team: []byte("hedge"),
				Share: frame.ByPartition, Weight: 1, Window: 100}}}
	go w.hear()
	return w
}

// hear reads GRANTs until the socket is closed.
func (w *worker) hear() {
	packets := make([]multicast.Packet, 1)
	for {
		if _, err := w.conn.Read(packets); err != nil {
			return
		}
		f := new(frame.Frame)
		if err := new(frame.Decoder).Decode(bytes.Clone(packets[0].Data), f); err == nil &&
			f.Kind == frame.Grant && f.Subscriber == w.claim.Subscriber {
			w.heard <- *f.Grant
		}
	}
}

// say sends the next CLAIM, and takes what has been granted.
func (w *worker) say() {
	w.claim.Request++
	b := new(frame.Encoder).Append(nil, &w.claim)
	if _, err := w.conn.Write(w.pub.LocalAddr(), b, len(b)); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	for len(w.heard) > 0 {
		w.granted = <-w.heard
		w.claim.Claim.Granted = w.granted.Stamp
	}
}

// work claims for a time, and holds whatever it is granted.
func (w *worker) work(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(45 * time.Millisecond) {
		w.say()
		w.claim.Claim.Entries = nil
		for _, e := range w.granted.Entries {
			if e.State != frame.Prepare {
				w.claim.Claim.Entries = append(w.claim.Claim.Entries, frame.ClaimEntry{
					Channel: e.Channel, Epoch: e.Epoch, Seq: e.Seq, Done: max(e.From, w.done),
					Received: max(e.From, w.done)})
			}
		}
	}
}

// A member of a team is granted all partitions, with the lease that is configured. The log tells
// of the team, and that nothing is kept for it; and Stats counts.
func TestTeam(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogging(t)
		defer l.Close()
		p := l.Publisher(publisher.Config{Group: teamGroup, Partitions: 3,
			Teams: publisher.Teams{Lease: time.Second}})
		w := newWorker(t, l.LAN, p, "desk-4")
		defer w.conn.Close()
		w.work(2 * time.Second)
		if len(w.granted.Entries) != 3 || w.granted.Lease != time.Second ||
			w.granted.Entries[2].State != frame.Hold || w.granted.Entries[2].Channel != 2 {
			t.Errorf("it was granted %+v", w.granted)
		}
		if st := p.Stats().Teams; st.Claims < 30 || st.Grants < 30 || st.Refused != 0 {
			t.Errorf("%+v", st)
		}
		time.Sleep(3 * time.Second) // its lease runs out
		if st := p.Stats().Teams; st.Lapsed != 3 {
			t.Errorf("%+v", st)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		for _, line := range []string{"a team shares the messages", "team=hedge share=partition",
			"aren't kept for it", "joined the team\" team=hedge member=desk-4",
			"isn't heard any more"} {
			if l.log.count(line) == 0 {
				t.Errorf("the log lacks %q: %s", line, l.log.text.String())
			}
		}
	})
}

// A publisher that grants nothing refuses members.
func TestNoTeams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := rig.NewLAN(t, link.Config{}, 1)
		defer l.Close()
		p := l.Publisher(publisher.Config{Group: teamGroup, Teams: publisher.Teams{Off: true}})
		w := newWorker(t, l, p, "desk-4")
		defer w.conn.Close()
		w.work(time.Second)
		if w.granted.Refused != frame.NoTeams || len(w.granted.Entries) > 0 {
			t.Errorf("it was granted %+v", w.granted)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A publisher names what teams haven't done as it ends, and one that starts again with the same
// store what an earlier session had. Epochs go on growing.
func TestTeamState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogging(t)
		defer l.Close()
		path := filepath.Join(t.TempDir(), "teams.json")
		cfg := publisher.Config{Group: teamGroup, Name: "risk1",
			Teams: publisher.Teams{Lease: time.Second, State: publisher.FileTeams(path)}}
		first := l.Publisher(cfg)
		w := newWorker(t, l.LAN, first, "desk-4")
		w.work(time.Second)
		publishes(t, first, 0, 10)
		w.done = 6
		w.work(time.Second)
		epoch := w.granted.Entries[0].Epoch
		if text, err := os.ReadFile(path); err != nil ||
			!strings.Contains(string(text), `"team":"hedge","share":"partition"`) ||
			!strings.Contains(string(text), `"offset":6,"granted":10}`) {
			t.Errorf("%s, %v", text, err)
		}
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		want := publisher.Undone{Team: "hedge", Share: frame.ByPartition,
			Session: first.Session(), First: 6, Next: 10, Messages: 4}
		if u := first.Undone(); len(u) != 1 || u[0] != want {
			t.Errorf("undone: %+v", u)
		}
		w.conn.Close()
		cfg.Teams.State = publisher.FileTeams(path)
		second := l.Publisher(cfg)
		w = newWorker(t, l.LAN, second, "desk-4")
		defer w.conn.Close()
		w.work(2 * time.Second)
		if e := w.granted.Entries; len(e) != 1 || e[0].Epoch <= epoch || e[0].From != 0 {
			t.Errorf("it was granted %+v; the epoch before was %d", w.granted, epoch)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
		for _, line := range []string{
			"hasn't done messages of it\" team=hedge partition=0 messages=4 offset=6 next_offset=10",
			"hasn't done messages of an earlier session", "previous_session=", "messages=4 offset=6 next_offset=10",
		} {
			if l.log.count(line) == 0 {
				t.Errorf("the log lacks %q: %s", line, l.log.text.String())
			}
		}
	})
}

// A file of positions that is none, and one of a subscriber, are errors before anything is granted.
func TestTeamStateFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "teams.json")
	for text, want := range map[string]string{
		"no JSON":                      "is torn or damaged",
		`{"format":"crier-positions"}`: "isn't a state file of crier",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := publisher.New(publisher.Config{
			Teams: publisher.Teams{State: publisher.FileTeams(path)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// memoryTeams is a store of positions in memory, which fails where it is told to.
type memoryTeams struct {
	mu   sync.Mutex
	list []publisher.TeamPosition
	err  error
}

func (m *memoryTeams) Load() ([]publisher.TeamPosition, error) { return m.list, nil }

func (m *memoryTeams) Save(list []publisher.TeamPosition) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.list = slices.Clone(list)
	}
	return m.err
}

// fail has Save return an error from now on.
func (m *memoryTeams) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Positions of another publisher are an error, which names both: to go on would drop them.
func TestTeamStateOfAnother(t *testing.T) {
	store := &memoryTeams{list: []publisher.TeamPosition{{Team: "hedge", Topic: "orders",
		Publisher: "risk1", Share: frame.ByPartition}}}
	for _, c := range []struct{ topic, name, want string }{
		{"fills", "risk1", `"hedge" of a publisher of topic "orders" by the name "risk1", and ` +
			`this is a publisher of topic "fills" by the name "risk1"`},
		{"orders", "", `this is a publisher of topic "orders" and without a name`},
	} {
		_, err := publisher.New(publisher.Config{Topic: c.topic, Name: c.name,
			Teams: publisher.Teams{State: store}})
		var wrong *config.Error
		if !errors.As(err, &wrong) || wrong.Field != "Teams.State" ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("topic %q, name %q: %v", c.topic, c.name, err)
		}
	}
}

// Positions of partitions that there aren't any more are left out, by name. Of more than 16
// partitions with undone messages the rest is counted. A wall clock that is behind is told.
func TestTeamStateTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogging(t)
		defer l.Close()
		later := uint64(time.Now().Add(time.Hour).UnixMilli())
		store := &memoryTeams{}
		for i := range uint32(21) {
			store.list = append(store.list, publisher.TeamPosition{Team: "hedge",
				Share: frame.ByPartition, Partition: i, Granted: 5, Offset: 3, Epoch: later})
		}
		p := l.Publisher(publisher.Config{Group: teamGroup, Partitions: 20,
			Teams: publisher.Teams{Lease: time.Second, State: store}})
		w := newWorker(t, l.LAN, p, "desk-4")
		defer w.conn.Close()
		w.work(2 * time.Second)
		for _, e := range w.granted.Entries {
			if e.Epoch <= later {
				t.Errorf("partition %d is granted with epoch %d, after %d", e.Channel, e.Epoch,
					later)
			}
		}
		if len(w.granted.Entries) != 20 {
			t.Errorf("%d partitions are granted", len(w.granted.Entries))
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		for line, want := range map[string]int{
			"hasn't done messages of an earlier session":                          16,
			"and so it is in more partitions\" partitions=4":                      1,
			"there isn't any more: it is left out\" team=hedge partition=20 offs": 1,
			"the wall clock is behind that of an earlier session":                 1,
		} {
			if n := l.log.count(line); n != want {
				t.Errorf("%q stands %d times in the log, not %d: %s", line, n, want,
					l.log.text.String())
			}
		}
	})
}

// A store that can't be written is told once, and again when it fails in another way; what it
// missed is saved once it can be.
func TestTeamStateUnwritable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogging(t)
		defer l.Close()
		store := &memoryTeams{}
		p := l.Publisher(publisher.Config{Group: teamGroup,
			Teams: publisher.Teams{Lease: time.Second, State: store}})
		w := newWorker(t, l.LAN, p, "desk-4")
		defer w.conn.Close()
		w.work(time.Second)
		store.fail(errors.New("no space left on device"))
		publishes(t, p, 0, 10)
		w.done = 6
		w.work(time.Second)
		store.fail(errors.New("read-only file system"))
		w.work(time.Second)
		store.fail(nil)
		w.work(time.Second)
		if len(store.list) != 1 || store.list[0].Offset != 6 {
			t.Errorf("saved: %+v", store.list)
		}
		store.fail(errors.New("input/output error"))
		w.done = 7
		w.work(time.Second)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		for line, want := range map[string]int{
			"after a restart they go on with what was saved last\" error=\"no space left": 1,
			"error=\"read-only file system":                                               1,
			"error=\"input/output error":                                                  2,
		} {
			if n := l.log.count(line); n != want {
				t.Errorf("%q stands %d times in the log, not %d: %s", line, n, want,
					l.log.text.String())
			}
		}
	})
}

// Where messages are kept for teams, it is told at the start that nothing keeps how far they are;
// else with the first team.
func TestNoTeamState(t *testing.T) {
	for _, pace := range []publisher.Pace{publisher.PaceTeams(), {}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLogging(t)
			defer l.Close()
			p := l.Publisher(publisher.Config{Group: teamGroup, Flow: publisher.Flow{Pace: pace},
				Teams: publisher.Teams{Lease: time.Second}})
			const line = "nothing keeps how far teams are"
			want := 0
			if !pace.IsZero() {
				want = 1
			}
			if n := l.log.count(line); n != want {
				t.Errorf("pace %v: told %d times at the start, not %d", pace, n, want)
			}
			w := newWorker(t, l.LAN, p, "desk-4")
			defer w.conn.Close()
			w.work(time.Second)
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			if n := l.log.count(line); n != 1 {
				t.Errorf("pace %v: told %d times", pace, n)
			}
		})
	}
}

// Members beyond the partitions are told, once a team, and again where it was forgotten.
func TestTeamSpare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogging(t)
		defer l.Close()
		p := l.Publisher(publisher.Config{Group: teamGroup, Partitions: 1,
			Teams: publisher.Teams{Lease: time.Second, Expiry: 2 * time.Second}})
		const line = "more members than there are partitions"
		join := func(want int, names ...string) {
			t.Helper()
			for _, name := range names {
				w := newWorker(t, l.LAN, p, name)
				defer w.conn.Close()
				w.work(time.Second)
			}
			if n := l.log.count(line); n != want {
				t.Errorf("%q: told %d times, not %d", names, n, want)
			}
		}
		join(0, "a")
		time.Sleep(5 * time.Second)
		join(1, "a", "b", "c")
		time.Sleep(5 * time.Second)
		join(2, "a", "b", "c")
		if n := l.log.count("team=hedge members=2 partitions=1"); n != 2 {
			t.Errorf("told %d times: %s", n, l.log.text.String())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}
