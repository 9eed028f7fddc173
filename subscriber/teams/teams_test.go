package teams_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/publisher"
	"crier/reliable/config"
	"crier/subscriber"
	"crier/subscriber/teams"
	"crier/testnet/lan"
	"crier/testnet/lan/lantest"
)

// publish opens a publisher.
func publish(n lantest.Net, host int, cfg publisher.Config) *publisher.Publisher {
	n.Helper()
	cfg.Interface, cfg.Link.Network = "eth0", n.Host(host)
	cfg.Retention.ResendBuffer = 1 << 20
	p, err := publisher.New(cfg)
	if err != nil {
		n.Fatal(err)
	}
	return p
}

// member opens a member of a team of topic orders, which takes what comes.
func member(n lantest.Net, host int, team, name string, share subscriber.Share,
) *subscriber.Subscriber {
	n.Helper()
	s, err := subscriber.New(subscriber.Config{Topic: "orders", Team: team, Name: name, Share: share,
		Interface: "eth0", Link: subscriber.Link{Network: n.Host(host)},
		Memory:  subscriber.Memory{Buffer: 4 << 20},
		Handler: func(*subscriber.Event) {}})
	if err != nil {
		n.Fatal(err)
	}
	return s
}

// ask asks from a host.
func ask(n lantest.Net, host int) teams.Config {
	return teams.Config{Interface: "eth0", Link: teams.Link{Network: n.Host(host)}}
}

// A Client tells how far a team is by each publisher, of which those that are silent, that have no
// such team and that grant nothing are told apart. Find knows them without the directory.
func TestAsk(t *testing.T) {
	lantest.On(t, lan.Config{}, func(n lantest.Net) {
		grants := publish(n, 1, publisher.Config{Topic: "orders", Partitions: 40, NoAnnounce: true})
		off := publish(n, 2, publisher.Config{Topic: "orders", Partitions: 40,
			Teams: publisher.Teams{Off: true}})
		other := publish(n, 2, publisher.Config{Topic: "fills"})
		names := []string{strings.Repeat("ä", 127), "b\u202e"}
		var members []*subscriber.Subscriber
		for i, name := range names {
			members = append(members, member(n, 10+i, "risk", name, subscriber.ByPartition))
		}
		members = append(members, member(n, 10, "mail", "m", subscriber.ByMessage))
		time.Sleep(2 * time.Second)
		for i := range 80 {
			if _, err := grants.Send(n.Context(), publisher.Message{
				To: publisher.ToPartition(uint32(i % 40)), Payload: []byte("x")}); err != nil {
				n.Fatal(err)
			}
		}
		time.Sleep(time.Second)

		found, err := teams.Find(n.Context(), ask(n, 20), "orders", netip.AddrPort{})
		if err != nil || len(found) != 2 {
			n.Fatalf("found %v, %v", found, err)
		}
		if found[0].Session != grants.Session() { // in the order in which they were heard
			found[0], found[1] = found[1], found[0]
		}
		for _, p := range []*publisher.Publisher{grants, off} {
			if one := (teams.Publisher{Addr: p.LocalAddr(), Session: p.Session()}); found[0] != one &&
				found[1] != one {
				n.Errorf("found %v, and not %v", found, one)
			}
		}
		found = append(found, teams.Publisher{Addr: netip.MustParseAddrPort("10.77.0.3:9")},
			teams.Publisher{Addr: grants.LocalAddr(), Session: 99}) // one that was there before
		c, err := teams.New(ask(n, 20))
		if err != nil {
			n.Fatal(err)
		}
		answers, silent, err := c.Ask(n.Context(), "risk", found)
		if err != nil || len(answers) != 2 || len(silent) != 2 {
			n.Fatalf("%+v, silent %v, %v", answers, silent, err)
		}
		for _, a := range answers {
			if a.Session == off.Session() {
				if a.Refused != teams.NoTeams || len(a.Rows) > 0 {
					n.Errorf("the one that grants nothing: %+v", a)
				}
				continue
			}
			checkRisk(n, &a, names)
		}
		answers, _, err = c.Ask(n.Context(), "mail", found[:1])
		if a := answers[0]; err != nil || a.Share != teams.ByMessage || len(a.Rows) != 40 ||
			len(a.Members) != 1 || a.Members[0].Room != 8 || a.Members[0].Done == 0 {
			n.Errorf("by message: %+v, %v", a, err)
		}
		answers, _, err = c.Ask(n.Context(), "nobody", found[:1])
		if len(answers) != 1 || answers[0].Refused != teams.NoTeam || err != nil {
			n.Errorf("no such team: %+v, %v", answers, err)
		}
		forgets(n, c, found[:1], members)
		if err := c.Close(); err != nil {
			n.Error(err)
		}
		for _, p := range []*publisher.Publisher{grants, off, other} {
			if err := p.Close(); err != nil {
				n.Error(err)
			}
		}
	})
}

// checkRisk checks what is told of team risk.
func checkRisk(n lantest.Net, a *teams.Answer, names []string) {
	n.Helper()
	if a.Refused != 0 || a.Share != teams.ByPartition || a.Lease != 2*time.Second ||
		len(a.Members) != 2 || len(a.Rows) != 40 {
		n.Fatalf("%+v", a)
	}
	owned := map[string]int{}
	for i, r := range a.Rows {
		if r.Partition != uint32(i) || r.Epoch == 0 || r.Attempt != 1 || r.Owner < 0 ||
			r.Done != r.Newest {
			n.Errorf("%+v", r)
		}
		owned[a.Members[max(r.Owner, 0)].Name]++
	}
	for _, name := range names {
		if owned[name] != 20 {
			n.Errorf("%q has %d partitions", name, owned[name])
		}
	}
}

// forgets has a team forgotten, which it is only once its members have left.
func forgets(n lantest.Net, c *teams.Client, of []teams.Publisher,
	members []*subscriber.Subscriber,
) {
	n.Helper()
	answers, _, err := c.Forget(n.Context(), "risk", of)
	if err != nil || len(answers) != 1 || len(answers[0].Members) != 2 {
		n.Errorf("forgotten with its members: %+v, %v", answers, err)
	}
	for _, m := range members {
		if err := m.Close(); err != nil {
			n.Error(err)
		}
	}
	time.Sleep(time.Second)
	answers, _, err = c.Ask(n.Context(), "risk", of)
	if err != nil || len(answers) != 1 || answers[0].Refused != 0 || len(answers[0].Members) != 0 {
		n.Errorf("without members: %+v, %v", answers, err)
	}
	for range 2 { // the second time there is none
		if _, _, err := c.Forget(n.Context(), "risk", of); err != nil {
			n.Error(err)
		}
	}
	answers, _, err = c.Ask(n.Context(), "risk", of)
	if err != nil || len(answers) != 1 || answers[0].Refused != teams.NoTeam {
		n.Errorf("after it was forgotten: %+v, %v", answers, err)
	}
}

// A question ends with its context, with the time to answer, and at once where nobody is asked.
func TestAskEnds(t *testing.T) {
	lantest.On(t, lan.Config{}, func(n lantest.Net) {
		c, err := teams.New(ask(n, 20))
		if err != nil {
			n.Fatal(err)
		}
		defer c.Close()
		nobody := []teams.Publisher{{Addr: netip.MustParseAddrPort("10.77.0.3:9")}}
		began := time.Now()
		_, silent, err := c.Ask(n.Context(), "risk", nobody)
		if took := time.Since(began); err != nil || len(silent) != 1 || took != teams.Wait {
			n.Errorf("silent %v after %v: %v", silent, took, err)
		}
		began = time.Now()
		if _, _, err := c.Ask(n.Context(), "risk", nil); err != nil || time.Since(began) > 0 {
			n.Errorf("nobody is asked: %v after %v", err, time.Since(began))
		}
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(n.Context())
		cancel(gone)
		if _, silent, err := c.Ask(ctx, "risk", nobody); err != gone || len(silent) != 1 {
			n.Errorf("silent %v, %v", silent, err)
		}
		found, err := teams.Find(ctx, ask(n, 20), "orders", netip.AddrPort{})
		if err != gone || len(found) > 0 {
			n.Errorf("found %v, %v", found, err)
		}
	})
}

// Find knows no publisher that has ended, and none of another topic whose group it shares.
func TestFind(t *testing.T) {
	lantest.On(t, lan.Config{}, func(n lantest.Net) {
		group := netip.MustParseAddrPort("239.9.9.9:9999")
		ends := publish(n, 1, publisher.Config{Topic: "orders", Group: group})
		stays := publish(n, 2, publisher.Config{Topic: "orders", Group: group})
		other := publish(n, 3, publisher.Config{Topic: "fills", Group: group})
		time.AfterFunc(time.Millisecond, func() { ends.Close() }) // its BYE comes a second later
		found, err := teams.Find(n.Context(), ask(n, 20), "orders", group)
		if err != nil || len(found) != 1 || found[0].Session != stays.Session() {
			n.Errorf("found %v, %v", found, err)
		}
		for _, p := range []*publisher.Publisher{stays, other} {
			if err := p.Close(); err != nil {
				n.Error(err)
			}
		}
	})
}

// A mistake in the configuration is named by its field.
func TestMistakes(t *testing.T) {
	field := func(err error) string {
		var wrong *config.Error
		if !errors.As(err, &wrong) {
			return fmt.Sprint(err)
		}
		return wrong.Field
	}
	_, err := teams.Find(t.Context(), teams.Config{}, "a,b", netip.AddrPort{})
	if got := field(err); got != "Topic" {
		t.Errorf("a topic with a comma: %s", got)
	}
	cfg := teams.Config{Interface: "none0"}
	if _, err := teams.New(cfg); field(err) != "interface" {
		t.Errorf("no such interface: %v", field(err))
	}
	if _, err := teams.Find(t.Context(), cfg, "orders", netip.AddrPort{}); field(err) != "interface" {
		t.Errorf("no such interface: %v", field(err))
	}
	cfg = teams.Config{Link: teams.Link{TTL: 300}}
	if _, err := teams.New(cfg); field(err) != "TTL" {
		t.Errorf("a TTL of 300: %v", field(err))
	}
	if _, err := teams.Find(t.Context(), cfg, "orders", netip.AddrPort{}); field(err) != "TTL" {
		t.Errorf("a TTL of 300: %v", field(err))
	}
}
