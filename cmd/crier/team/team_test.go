package team

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/publisher"
	"crier/reliable"
	"crier/subscriber"
	"crier/subscriber/directory"
	"crier/subscriber/teams"
)

// words returns a text with single spaces between its words: lines may be broken anywhere.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// publish opens a publisher of a topic on the loopback interface.
func publish(t *testing.T, cfg publisher.Config) *publisher.Publisher {
	t.Helper()
	cfg.Retention.ResendBuffer = 1 << 20
	p, err := publisher.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// join opens a member of a team there, and waits until it was granted something.
func join(t *testing.T, topic, team, name string) *subscriber.Subscriber {
	t.Helper()
	assigned := make(chan struct{}, 64)
	s, err := subscriber.New(subscriber.Config{Topic: topic, Team: team, Name: name,
		Handler: func(ev *subscriber.Event) {
			if ev.Kind == subscriber.Assigned {
				assigned <- struct{}{}
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	select {
	case <-assigned:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was assigned")
	}
	return s
}

// TestTeam asks on the loopback interface: publishers that are announced, and those that aren't.
func TestTeam(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	topic := fmt.Sprintf("team-%d", os.Getpid()) // other tests may publish at the same time
	quiet := publish(t, publisher.Config{Topic: topic, Partitions: 2, NoAnnounce: true,
		Teams: publisher.Teams{Lease: time.Second}})
	odd := "ev\u202eil"
	s := join(t, topic, "risk", odd)
	for range 5 {
		if _, err := quiet.Publish(t.Context(), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	r := clitest.Run(t, Command(), "team", topic, "risk").Want(cli.ExitOK)
	for _, want := range []string{fmt.Sprintf("team risk shares %s of %v by partition: 1 member, "+
		"lease 1 s", topic, quiet.LocalAddr()), "partition owner epoch done next lag attempt",
		"member address weight partitions outstanding heard", " ago"} {
		if !strings.Contains(words(r.Out.String()), want) {
			t.Errorf("there is no %q:\n%s%s", want, r.Out, r.Err)
		}
	}
	if strings.ContainsRune(r.Out.String(), '\u202e') {
		t.Errorf("a name reaches the terminal:\n%q", r.Out)
	}

	var l Listing
	at := quiet.LocalAddr().String()
	r = clitest.Run(t, Command(), "team", topic, "risk", "--json", "--at", at).Want(cli.ExitOK)
	if err := json.Unmarshal(r.Out.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Publishers) != 1 || l.Topic != topic || l.Team != "risk" ||
		l.Publishers[0].Address != at || l.Publishers[0].Session != quiet.Session().String() ||
		len(l.Publishers[0].Partitions) != 2 ||
		l.Publishers[0].Partitions[1].Owner != odd || l.Publishers[0].Members[0].Partitions != 2 {
		t.Errorf("%s", r.Out)
	}

	r = clitest.Run(t, Command(), "team", topic, "aisle").Want(cli.ExitError)
	if want := "has a team aisle: none of its members was heard"; r.Out.Len() > 0 ||
		!strings.Contains(words(r.Err.String()), want) {
		t.Errorf("%s%s", r.Out, r.Err)
	}
	r = clitest.Run(t, Command(), "team", topic, "risk", "--forget", "--at", at).Want(cli.ExitError)
	if !strings.Contains(words(r.Err.String()), "team risk has 1 member at the publisher at "+at) {
		t.Errorf("%s%s", r.Out, r.Err)
	}

	if err := s.Close(); err != nil {
		t.Error(err)
	}
	r = clitest.Run(t, Command(), "team", topic, "risk", "--at", at).Want(cli.ExitOK)
	if got := words(r.Out.String()); !strings.Contains(got, "0 members") ||
		!strings.Contains(got, "nobody works") {
		t.Errorf("%s%s", r.Out, r.Err)
	}
	r = clitest.Run(t, Command(), "team", topic, "risk", "--forget", "--at", at).Want(cli.ExitOK)
	if words(r.Out.String()) != "team risk is forgotten by 1 publisher" {
		t.Errorf("%s%s", r.Out, r.Err)
	}
	r = clitest.Run(t, Command(), "team", topic, "risk", "--at", at).Want(cli.ExitError)
	if !strings.Contains(words(r.Err.String()), "has a team risk: none of its members was heard, "+
		"or it was forgotten") {
		t.Errorf("%s%s", r.Out, r.Err)
	}
}

// TestTeamWatch goes on where the team's publisher ends, says so once, and finds the next one.
func TestTeamWatch(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	topic := fmt.Sprintf("team-watch-%d", os.Getpid())
	first, err := publisher.New(publisher.Config{Topic: topic, NoAnnounce: true})
	if err != nil {
		t.Fatal(err)
	}
	join(t, topic, "risk", "a")
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	var second *publisher.Publisher
	out := &shows{}
	out.each = func(text string) {
		switch {
		case strings.Contains(text, first.Session().String()) && second == nil:
			first.Close()
			second = publish(t, publisher.Config{Topic: topic, NoAnnounce: true})
		case second != nil && strings.Contains(text, second.Session().String()):
			cancel()
		}
	}
	errs := &strings.Builder{}
	tool := cli.Tool{Commands: []*cli.Command{Command()}}
	exit := tool.Run(ctx, []string{"team", topic, "risk", "--watch", "--json"},
		cli.Streams{In: strings.NewReader(""), Out: out, Err: errs})
	if exit != cli.ExitOK || context.Cause(ctx) != context.Canceled ||
		strings.Count(errs.String(), "crier team:") == 0 {
		t.Errorf("exit code %d, %v\n%s\n%s", exit, context.Cause(ctx), &out.Builder, errs)
	}
}

// shows calls each with what is written.
type shows struct {
	strings.Builder
	each func(text string)
}

func (s *shows) Write(p []byte) (int, error) {
	s.each(string(p))
	return s.Builder.Write(p)
}

// TestNothing says that there is no publisher, with exit code 1.
func TestNothing(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	for args, want := range map[string]string{
		"no.such.topic risk": "no publisher of topic no.such.topic is announced or heard on " +
			"interface lo, which is this machine alone: name another by --iface",
		"orders risk --at 127.0.0.1:1":          "the publisher at 127.0.0.1:1 didn't answer within 1.4s",
		"orders risk --at 127.0.0.1:1 --forget": "the publisher at 127.0.0.1:1 didn't answer",
		"orders risk --at 127.0.0.1:1,127.0.0.1:2": "none of 2 publishers answered within 1.4s: an " +
			"older crier doesn't know teams, and a firewall may hold back what comes",
	} {
		r := clitest.Run(t, Command(), append([]string{"team"}, strings.Split(args, " ")...)...)
		r.Want(cli.ExitError)
		if r.Out.Len() > 0 || !strings.Contains(words(r.Err.String()), want) {
			t.Errorf("%s: %s%s", args, r.Out, r.Err)
		}
	}
}

// TestWrongWords names what is wrong on the command line.
func TestWrongWords(t *testing.T) {
	for args, want := range map[string]string{
		"orders":                              "1 argument is given",
		"orders risk more":                    "3 arguments are given",
		"ord* risk":                           "*",
		"orders ":                             "the team is empty",
		"orders a\x1bb":                       "control character",
		"orders " + strings.Repeat("x", 256):  "256 bytes",
		"orders risk --watch --forget":        "leave out --watch",
		"orders risk --at 127.0.0.1":          "not a publisher's address",
		"orders risk --at 127.0.0.1:0":        "not a publisher's address",
		"orders risk --at 239.1.1.1:7700":     "not a publisher's address",
		"orders risk --at 127.0.0.1:1,nobody": "not a publisher's address",
		"orders risk --iface none0":           "none0",
	} {
		r := clitest.Run(t, Command(), append([]string{"team"}, strings.Split(args, " ")...)...)
		r.Want(cli.ExitUsage)
		if !strings.Contains(r.Err.String(), want) {
			t.Errorf("%q: %s, want %q", args, r.Err, want)
		}
	}
}

// TestOthers names the teams that there are.
func TestOthers(t *testing.T) {
	many := make([]directory.Team, 20)
	for i := range many {
		many[i].Name = fmt.Sprintf("t%02d", i)
	}
	for _, c := range []struct {
		teams []directory.Team
		want  string
	}{
		{nil, "none of its members was heard, or it was forgotten"},
		{[]directory.Team{{Name: "risk"}}, "its team is risk"},
		{[]directory.Team{{Name: "risk"}, {Name: "a\x1b"}}, "its teams are a\uFFFD and risk"},
		{many, "t14, t15 and 4 more"},
	} {
		o := &options{known: map[netip.AddrPort]directory.Entry{
			netip.MustParseAddrPort("10.0.0.1:1"): {Teams: c.teams},
			netip.MustParseAddrPort("10.0.0.2:1"): {Teams: c.teams},
		}}
		if got := o.others(); !strings.HasSuffix(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestVerdict says why no publisher has the team.
func TestVerdict(t *testing.T) {
	o := &options{topic: "orders", team: "risk", iface: "lo"}
	has, no := teams.Answer{}, teams.Answer{Refused: teams.NoTeam}
	off := teams.Answer{Refused: teams.NoTeams}
	for _, c := range []struct {
		answers []teams.Answer
		silent  int
		want    string
	}{
		{nil, 0, "no publisher of topic orders is announced or heard"},
		{nil, 3, "none of 3 publishers answered"},
		{[]teams.Answer{off, no, has}, 1, ""},
		{[]teams.Answer{off, no}, 0, "has a team risk"},
		{[]teams.Answer{off, off}, 0, "grants anything to teams: see crier pub --no-teams"},
	} {
		err := o.verdict(c.answers, make([]teams.Publisher, c.silent))
		if got := fmt.Sprint(err); err == nil && c.want != "" || !strings.Contains(got, c.want) {
			t.Errorf("%v, %d silent: %v, want %q", c.answers, c.silent, err, c.want)
		}
	}
}

// answered is what a publisher says of a team with so many partitions and members, some of whose
// names are as long and odd as can be.
func answered(share reliable.Share, partitions, members int) teams.Answer {
	a := teams.Answer{Target: teams.Publisher{Addr: netip.MustParseAddrPort("192.168.100.200:40123"),
		Session: 7}, Share: share, Lease: 2 * time.Second, GivenUp: 1234567, Redelivered: 12345678}
	for i := range members {
		name := fmt.Sprintf("worker-%d", i)
		if i%3 == 1 {
			name = strings.Repeat("ä", 127)
		} else if i%3 == 2 {
			name = "\x1b[2J\x07" + strings.Repeat("x", 251)
		}
		a.Members = append(a.Members, teams.Member{Name: name, Weight: 1000, Room: 1024,
			Addr:        netip.MustParseAddrPort("192.168.100.201:50123"),
			Outstanding: 1024, Done: 1234567890, Age: 1234 * time.Millisecond})
	}
	for i := range partitions {
		r := teams.Partition{Partition: uint32(i), Owner: i%(members+1) - 1, Epoch: 1796093097175,
			Done: 1234567890, Newest: 1234567890 + uint64(i), Attempt: 1 + uint32(i%2)}
		if i%5 == 4 {
			r.State = teams.GiveBack
		}
		a.Rows = append(a.Rows, r)
	}
	return a
}

// TestText fits into the width of a terminal, whatever names there are, and has a row for each
// partition and member.
func TestText(t *testing.T) {
	for _, share := range []reliable.Share{teams.ByPartition, teams.ByMessage} {
		o := &options{topic: "orders", team: "risk"}
		a := answered(share, 64, 100)
		l := o.listing([]teams.Answer{a, {Refused: teams.NoTeam, Target: a.Target}},
			[]teams.Publisher{{Addr: netip.MustParseAddrPort("10.0.0.1:1")}})
		for _, width := range []int{60, 80, 120} {
			text := l.text(cli.Sheet{Width: width}, "12:34:56 ")
			for _, line := range strings.Split(text, "\n") {
				if n := utf8.RuneCountInString(line); n > width {
					t.Errorf("%v: %d columns of %d: %s", share, n, width, line)
				}
			}
			for _, want := range []string{"12:34:56 team risk shares orders of " +
				"192.168.100.200:40123", "12,345,678 granted again", "1,234,567 given up",
				"worker-99", "the publisher at 10.0.0.1:1 didn't answer"} {
				if !strings.Contains(words(text), want) {
					t.Errorf("%v: there is no %q in\n%s", share, want, text)
				}
			}
			if strings.ContainsAny(text, "\x1b\x07") {
				t.Errorf("%v: a name reaches the terminal:\n%q", share, text)
			}
		}
		if len(l.Without) != 1 || len(l.Silent) != 1 || len(l.Publishers[0].Members) != 100 {
			t.Errorf("%+v", l)
		}
	}
}

// TestPublisherOf tells of each partition who has it, and of each member what.
func TestPublisherOf(t *testing.T) {
	a := answered(teams.ByPartition, 6, 2)
	p := publisherOf(&a)
	for i, want := range []Partition{
		{Owner: "", State: "free"}, {Owner: "worker-0", State: "held", Attempt: 2, Lag: 1},
		{Owner: a.Members[1].Name, State: "held", Lag: 2}, {State: "free", Attempt: 2, Lag: 3},
		{Owner: "worker-0", State: "given back", Lag: 4},
		{Owner: a.Members[1].Name, State: "held", Attempt: 2, Lag: 5},
	} {
		want.Partition, want.Epoch, want.Done = uint32(i), 1796093097175, 1234567890
		want.Attempt, want.Next = max(want.Attempt, 1), want.Done+want.Lag
		if got := p.Partitions[i]; got != want {
			t.Errorf("\n got %+v\nwant %+v", got, want)
		}
	}
	if p.Lag != 15 || p.manned() != "2 members" || p.Share != "partition" ||
		p.Members[0].Partitions != 2 ||
		p.Members[0].Room != 0 || p.GivenUp != 1234567 {
		t.Errorf("%+v", p)
	}
	a = answered(teams.ByPartition, 2, 3)
	if p = publisherOf(&a); p.manned() != "3 members (2 spare)" {
		t.Error(p.manned())
	}
	a = answered(teams.ByMessage, 1, 1)
	if p = publisherOf(&a); p.Members[0].Room != 1024 || p.manned() != "1 member" {
		t.Errorf("%+v", p.Members)
	}
}
