package soak

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/doctor/echo"
)

func TestParseIGMP(t *testing.T) {
	for _, c := range []struct {
		message string
		want    query
		ok      bool
	}{
		{"\x11\x00\xee\xff\x00\x00\x00\x00", query{protocol: "IGMPv1"}, true},
		{"\x11\x64\xee\x9b\x00\x00\x00\x00", query{protocol: "IGMPv2"}, true},
		{"\x11\x64\xec\x1e\x00\x00\x00\x00\x02\x7d\x00\x00", query{"IGMPv3", 125 * time.Second},
			true},
		{"\x11\x64\x00\x00\x00\x00\x00\x00\x02\x8f\x00\x00", query{"IGMPv3", 248 * time.Second},
			true},
		{"\x11\x64\x00\x00\xef\x4d\x00\x01", query{}, false}, // of one group
		{"\x16\x00\x00\x00\x00\x00\x00\x00", query{}, false}, // a report
		{"\x11\x64\xee\x9b\x00\x00\x00", query{}, false},     // too short
		{"", query{}, false},
	} {
		if got, ok := parseIGMP([]byte(c.message)); got != c.want || ok != c.ok {
			t.Errorf("%x: %v %v", c.message, got, ok)
		}
	}
	mld := make([]byte, 28)
	mld[0], mld[25] = 130, 10
	if got, ok := parseMLD(mld); !ok || got != (query{"MLDv2", 10 * time.Second}) {
		t.Errorf("%v %v", got, ok)
	}
	if got, ok := parseMLD(mld[:24]); !ok || got != (query{protocol: "MLDv1"}) {
		t.Errorf("%v %v", got, ok)
	}
	mld[8] = 0xff
	if _, ok := parseMLD(mld); ok {
		t.Error("a query of one group is a general one")
	}
}

// A few exchanges may be missed; more in a row are the end of it, until it comes back.
func TestTrack(t *testing.T) {
	began := time.Unix(0, 0)
	var tr track
	at := func(s int, heard bool) {
		tr.add(heard, began.Add(time.Duration(s)*time.Second), began)
	}
	for s := range 20 {
		at(s, s%4 == 0)
	}
	if tr.gone || tr.heard != 5 || tr.tries != 20 {
		t.Errorf("%+v", tr)
	}
	for s := 20; s < 22; s++ {
		at(s, false)
	}
	if !tr.gone || tr.lostAt != 16*time.Second {
		t.Errorf("%+v", tr)
	}
	if at(30, true); tr.gone || tr.back != 1 {
		t.Errorf("%+v", tr)
	}
}

// What was learnt becomes the right verdict.
func TestJudge(t *testing.T) {
	began := time.Unix(1000, 0)
	healthy := track{tries: 360, heard: 360, last: began.Add(360 * time.Second)}
	died := track{tries: 360, heard: 265, gone: true, lostAt: 265 * time.Second}
	querier := func(last time.Duration, n int) []Querier {
		return []Querier{{Addr: netip.MustParseAddr("10.77.0.254"), Protocol: "IGMPv2", Queries: n,
			First: began.Add(last - time.Duration(n-1)*125*time.Second), Last: began.Add(last)}}
	}
	base := outcome{cfg: Config{Lasting: 6 * time.Minute, Every: time.Second}, began: began,
		lasted: 6 * time.Minute, other: "b", unicast: healthy, to: healthy, from: healthy,
		queriers: querier(350*time.Second, 3)}
	base.cfg.To = netip.MustParseAddrPort("10.77.0.2:7701")
	base.cfg.Group = netip.MustParseAddrPort("239.77.0.1:7700")
	for _, c := range []struct {
		name          string
		change        func(*outcome)
		kept, querier check.State
		words         string
	}{
		{"healthy", func(*outcome) {}, check.OK, check.OK,
			"10.77.0.254 asked 3 times every 2 min 5 s"},
		{"no querier", func(o *outcome) { o.queriers = nil }, check.OK, check.Note,
			"forget members"},
		{"died", func(o *outcome) { o.from, o.queriers = died, querier(5*time.Second, 1) },
			check.Problem, check.Problem,
			"this host heard the group for 4 min 25 s and then no more, while unicast went on: a " +
				"switch that snoops forgot the member, since the querier 10.77.0.254 asked for " +
				"memberships once"},
		{"died, reports ignored", func(o *outcome) { o.to = died }, check.Problem, check.OK,
			"it didn't take this host's reports"},
		{"interrupted", func(o *outcome) {
			o.lasted = 80 * time.Second
			o.queriers = querier(time.Second, 1)
		}, check.Unknown, check.OK, "in 80 s of 6 min"},
		{"the other host went", func(o *outcome) { o.unicast.gone = true }, check.Problem, check.OK,
			"b doesn't answer any more"},
		{"never heard", func(o *outcome) { o.to.heard = 0 }, check.Problem, check.OK,
			"never heard"},
		{"no right", func(o *outcome) { o.queriers, o.rawErr = nil, errNoRight }, check.OK,
			check.Unknown, "CAP_NET_RAW"},
		{"early", func(o *outcome) { o.early = errors.New("it broke") }, check.Unknown, check.OK,
			"it broke"},
		{"alone, nobody", func(o *outcome) { o.cfg.To, o.other = netip.AddrPort{}, "" },
			check.Unknown, check.OK, "nobody sent to 239.77.0.1:7700"},
	} {
		o := base
		c.change(&o)
		var all strings.Builder
		state := map[string]check.State{}
		for _, one := range o.judge() {
			state[one.Name] = one.State
			all.WriteString(one.Evidence + "\n")
			if one.State == check.Problem && one.Mend == "" {
				t.Errorf("%s: %s has no mend", c.name, one.Name)
			}
		}
		if state[nameKept] != c.kept || state[nameQuerier] != c.querier ||
			!strings.Contains(all.String(), c.words) {
			t.Errorf("%s: %v\n%s", c.name, state, all.String())
		}
	}
}

// On one machine a group is kept.
func TestRun(t *testing.T) {
	t.Parallel()
	p := echo.Place{Interface: "127.0.0.1", Group: netip.MustParseAddrPort("239.77.95.1:7951"),
		Port: 7952}
	h, err := echo.Listen(p)
	if err != nil {
		t.Skip(err)
	}
	done := make(chan error)
	go func() { done <- h.Serve(t.Context()) }()
	cfg := Config{Config: echo.Config{Place: p, To: h.Addr()}, Lasting: time.Second,
		Every: 20 * time.Millisecond}
	list, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if list[0].Name != nameKept || list[0].State == check.Problem {
		t.Errorf("%v", list)
	}
	cfg.To, cfg.Lasting = netip.AddrPort{}, 100*time.Millisecond
	if list, err = Run(t.Context(), cfg); err != nil || list[0].State != check.Unknown {
		t.Errorf("%v %v", list, err)
	}
	h.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
