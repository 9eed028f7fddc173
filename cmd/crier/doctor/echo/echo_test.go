package echo

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/multicast"
	"crier/reliable/frame"
)

// place returns a place on the loopback interface, with a group and ports of the test's own.
func place(t *testing.T, group string) Place {
	t.Helper()
	return Place{Interface: multicast.Loopback(netip.MustParseAddrPort(group)),
		Group: netip.MustParseAddrPort(group), Port: freePort(t)}
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return uint16(c.LocalAddr().(*net.UDPAddr).Port)
}

// serve runs a Host until the test ends.
func serve(t *testing.T, p Place) *Host {
	t.Helper()
	h, err := Listen(p)
	if err != nil {
		t.Skip("this machine has no multicast on the loopback interface:", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- h.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return h
}

// find returns a check.
func find(t *testing.T, list []check.Check, name string) check.Check {
	t.Helper()
	i := slices.IndexFunc(list, func(c check.Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no check %q in %v", name, list)
	}
	return list[i]
}

// On one machine nothing is wrong, and everything is measured.
func TestMeasure(t *testing.T) {
	t.Parallel()
	p := place(t, clitest.Group(t))
	own := check.Check{Name: "own", State: check.Note, Evidence: strings.Repeat("e", 3000),
		Mend: "\x1b[31mrm"}
	p.Checks = func(context.Context) []check.Check { return []check.Check{own} }
	h := serve(t, p)
	list, there, err := Measure(context.Background(),
		Config{Place: p, To: h.Addr(), Probes: 2000})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if c.State == check.Problem {
			t.Errorf("%s: %s", c.Name, c.Evidence)
		}
	}
	for _, name := range []string{nameEcho, nameSource, nameGroup, nameUnicast, nameTo, nameFrom,
		nameJoin, nameTrip, nameReorder, nameDuplicate, nameMTU, nameNACKTo, nameNACKFrom,
		nameBurst, nameClock, OtherSenders} {
		find(t, list, name)
	}
	own.Mend = cli.Printable(own.Mend)
	if there.Name != "127.0.0.1" || len(there.Checks) != 1 || there.Checks[0] != own {
		t.Errorf("the Host's own checks: %.80v", there)
	}
	if c := h.Counts(); c.Clients != 1 || c.Answers < 2000 || c.Bad != 0 {
		t.Errorf("%+v", c)
	}
}

// The Host's own checks are made for each that measures: what was wrong may be mended by then.
func TestOwnChecksAreFresh(t *testing.T) {
	t.Parallel()
	p := place(t, "239.77.94.8:7948")
	made := 0
	p.Checks = func(context.Context) []check.Check {
		made++
		return []check.Check{{Name: "own", Evidence: strconv.Itoa(made)}}
	}
	h := serve(t, p)
	for _, want := range []string{"1", "2"} {
		_, there, err := Measure(context.Background(),
			Config{Place: p, To: h.Addr(), Probes: 400})
		if err != nil {
			t.Fatal(err)
		}
		if len(there.Checks) != 1 || there.Checks[0].Evidence != want {
			t.Errorf("checks made for the last: %v", there.Checks)
		}
	}
}

// Another group, or another port, is named with both values.
func TestGroupsDiffer(t *testing.T) {
	t.Parallel()
	h := serve(t, place(t, "239.77.94.2:7942"))
	for group, want := range map[string]string{
		"239.77.94.3:7942": "the group's address differs: this host uses 239.77.94.3:7942",
		"239.77.94.2:7943": "the group's port differs: this host uses 239.77.94.2:7943",
	} {
		list, _, err := Measure(context.Background(),
			Config{Place: place(t, group), To: h.Addr(), Probes: 400})
		if err != nil {
			t.Fatal(err)
		}
		c := find(t, list, nameGroup)
		if c.State != check.Problem || !strings.Contains(c.Evidence, want) ||
			!strings.Contains(c.Evidence, "239.77.94.2:7942") {
			t.Errorf("%v", c)
		}
	}
}

// A host on which no echo runs refuses.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	p := place(t, "239.77.94.4:7944")
	list, _, err := Measure(context.Background(), Config{Place: p,
		To: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), p.Port)})
	if err != nil {
		t.Fatal(err)
	}
	c := find(t, list, nameEcho)
	if c.State != check.Problem || !strings.Contains(c.Evidence, "nobody listens on UDP port") {
		t.Errorf("%v", c)
	}
}

// Who has no cookie of the address gets a welcome that is no larger than the greeting, and
// nothing else, whatever is sent.
func TestHostile(t *testing.T) {
	t.Parallel()
	h := serve(t, place(t, "239.77.94.5:7945"))
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(h.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	enc := &codec{}
	hello := func(size int) []byte {
		return enc.append(nil, message{op: opHello, run: 5,
			body: body(greeting{Version: version}, size)})
	}
	probes := padded(probe{pass: passTrip, reply: replyUnicast, seq: 1}.append(nil), 400)
	question := body(question{What: askSizes, Sizes: []int{1400, 1400, 1400}}, asking)
	var unsealed frame.Encoder
	for _, d := range [][]byte{
		{}, []byte("junk"), hello(asking)[:300], hello(100), // too small to be answered
		enc.append(nil, message{op: opProbe, run: 5, cookie: 1, body: probes}),
		enc.append(nil, message{op: opProbe, run: 5, body: nil}),
		enc.append(nil, message{op: opAsk, run: 5, cookie: 1, body: question}),
		enc.append(nil, message{op: 99, run: 5}),
		enc.append(nil, message{op: opHello, run: 5, body: make([]byte, asking)}),
		unsealed.AppendProbe(nil, 5, []byte{byte(opHello)}),
		unsealed.Append(nil, &frame.Frame{Kind: frame.Bye, Session: 5}),
	} {
		if _, err := c.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Write(hello(asking)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64<<10)
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	m, err := enc.decode(b[:n])
	if err != nil || m.op != opWelcome || n > len(hello(asking)) {
		t.Fatalf("%d bytes: %v %v", n, m, err)
	}
	cookie := m.cookie

	// With the cookie of another run, or of another address, there is nothing either.
	other, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(h.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ask := func(run uint64) []byte {
		return enc.append(nil, message{op: opAsk, run: run, cookie: cookie, body: question})
	}
	if _, err := other.Write(ask(5)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(ask(6)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(ask(5)); err != nil { // which is answered
		t.Fatal(err)
	}
	if _, err = c.Read(b); err != nil {
		t.Fatal(err)
	}
	other.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := other.Read(b); err == nil {
		t.Errorf("another address got %d bytes", n)
	}
	if got := h.Counts(); got.Clients != 1 || got.Bad < 7 || got.Foreign < 2 || got.Other != 1 {
		t.Errorf("%+v", got)
	}
}

// A client gets no more than it has sent, beside the allowance, and no more clients than the
// bound are kept.
func TestBounds(t *testing.T) {
	t.Parallel()
	h := &Host{name: "test", place: Place{Group: netip.MustParseAddrPort("239.77.94.6:7946")}}
	h.clients.init()
	from := netip.MustParseAddrPort("192.0.2.1:1000")
	w := &writer{}
	enc := &codec{}
	now := time.Now()
	for run := range uint64(2 * maxClients) {
		m := enc.append(nil, message{op: opAsk, run: run + 1,
			cookie: h.clients.cookie(run+1, from), body: body(question{What: askChecks}, asking)})
		h.take(w, m, from, 0, false)
	}
	if len(h.clients.byRun) != maxClients || h.counts.Bounded != maxClients {
		t.Errorf("%d clients, %d refused", len(h.clients.byRun), h.counts.Bounded)
	}
	c := h.clients.byRun[1]
	c.credit = 10 * smallFrame
	w.group = nil
	p := padded(probe{pass: passGroup, reply: replyGroup, seq: 1}.append(nil), smallFrame)
	for range 100 { // each pays for its answer
		h.take(w, enc.append(nil, message{op: opProbe, run: 1, cookie: c.cookie, body: p}), from, 0,
			true)
	}
	if c.credit != 10*smallFrame || len(w.group) != 100*smallFrame {
		t.Errorf("a credit of %d after %d bytes", c.credit, len(w.group))
	}
	// What is smaller than its answer isn't answered, whatever the credit.
	w.group, w.other, h.counts.Bounded, h.counts.Bad = nil, nil, 0, 0
	for _, m := range []message{
		{op: opProbe, run: 1, cookie: c.cookie,
			body: probe{pass: passGroup, reply: replyGroup, seq: 2}.append(nil)},
		{op: opAsk, run: 1, cookie: c.cookie, body: body(question{What: askChecks}, asking-1)},
		{op: opHello, run: 9, body: body(greeting{Version: version}, asking-1)},
	} {
		h.take(w, enc.append(nil, m), from, 0, false)
	}
	if len(w.group)+len(w.other) > 0 || h.counts.Bounded != 1 || h.counts.Bad != 2 {
		t.Errorf("small ones get %d and %d answers: %+v", len(w.group), len(w.other), h.counts)
	}
	// Nor is another address that has seen the cookie.
	h.take(w, enc.append(nil, message{op: opAsk, run: 1, cookie: c.cookie,
		body: body(question{What: askChecks}, asking)}), netip.MustParseAddrPort("192.0.2.2:1000"),
		0, false)
	if len(w.other) > 0 {
		t.Error("a question from another address is answered")
	}
	// What is sent without being asked for one by one costs credit, too.
	w.later = nil
	c.credit = copies*1400 + nacks*smallFrame
	h.sendSizes(w, c, message{run: 1}, question{Sizes: []int{1400, 1400}})
	if c.credit != nacks*smallFrame {
		t.Errorf("a credit of %d behind two sizes, of which it has one", c.credit)
	}
	for range 2 {
		h.sendNACKs(w, c, message{run: 1}, question{Port: 1})
	}
	if c.credit != 0 || len(w.later) != 2 {
		t.Errorf("a credit of %d, and %d to be sent", c.credit, len(w.later))
	}
	for h.budget.take(now, 1) {
	}
	if h.budget.take(now.Add(time.Second/answerRate/2), 1) ||
		!h.budget.take(now.Add(time.Second), answerBurst) {
		t.Error("the rate isn't what it should be")
	}
}

// A few senders are told apart, and a greeting is safe to print.
func TestSendersAndGreetingsAreBounded(t *testing.T) {
	var s Senders
	for port := range uint16(3 * maxSenders) {
		s.add(netip.AddrPortFrom(netip.IPv4Unspecified(), port), nil, time.Now())
	}
	if len(s.List()) != maxSenders || s.more != 2*maxSenders {
		t.Errorf("%d senders, and %d datagrams of others", len(s.List()), s.more)
	}
	g := greeting{Name: strings.Repeat("\x1b[31m", 100), Group: "a\nb", MTU: -1}
	g.clean()
	if strings.ContainsAny(g.Name+g.Group, "\x1b\n") || len(g.Name) > 64*4 || g.MTU != 0 {
		t.Errorf("%+v", g)
	}
}

// Each number counts once; what comes behind a higher one is reordered.
func TestTally(t *testing.T) {
	var tl tally
	from := netip.MustParseAddrPort("192.0.2.1:1000")
	for _, seq := range []uint32{0, 1, 3, 2, 2, maxSeq - 1, 70} {
		tl.add(seq, int(seq), from)
	}
	c := tl.count()
	if c.Received != 6 || c.Duplicates != 1 || c.Reordered != 2 || c.Largest != maxSeq-1 ||
		len(c.Sources) != 1 {
		t.Errorf("%+v", c)
	}
}

// bisect finds every limit, in few steps.
func TestBisect(t *testing.T) {
	for limit := 100; limit <= 8972; limit++ {
		steps := 0
		got := bisect(128, 8972, func(sizes []int) []bool {
			if steps++; len(sizes) > maxSizes {
				t.Fatalf("%d sizes at once", len(sizes))
			}
			passed := make([]bool, len(sizes))
			for i, s := range sizes {
				passed[i] = s <= limit
			}
			return passed
		})
		want := limit
		if limit < 128 {
			want = 0
		}
		if got != want || steps > 7 {
			t.Fatalf("limit %d: found %d in %d steps", limit, got, steps)
		}
	}
}

// The first answer to a greeting counts, as a greeting may be sent twice; a later one, which
// anybody may send who has seen the run's number in the group, changes nothing.
func TestSecondWelcome(t *testing.T) {
	t.Parallel()
	g := &guest{run: 7, welcome: make(chan greeting, 1)}
	c := &codec{}
	for i, name := range []string{"first", "second"} {
		d := c.append(nil, message{op: opWelcome, run: 7, cookie: uint64(i + 1),
			body: body(greeting{Version: version, Name: name}, 0)})
		g.take(&codec{}, d, netip.AddrPort{}, 64-i, false)
	}
	if w := <-g.welcome; w.Name != "first" || g.cookie != 1 || g.ttl != 64 ||
		len(g.welcome) != 0 {
		t.Errorf("%+v, cookie %d, TTL %d", w, g.cookie, g.ttl)
	}
}
