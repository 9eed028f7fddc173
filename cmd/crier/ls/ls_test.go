package ls

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/publisher"
)

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

// TestLs lists publishers on the loopback interface, as text, as JSON, and as they come and go.
func TestLs(t *testing.T) {
	t.Parallel()
	base := netip.MustParseAddrPort(clitest.Group(t))
	prefix := fmt.Sprintf("ls-%d.", os.Getpid()) // other tests may publish at the same time
	publish(t, publisher.Config{Topic: prefix + "orders", Partitions: 4, Name: "risk"})
	two := publish(t, publisher.Config{Topic: prefix + "quotes", Group: base, Name: "e\x1b[2Jvil"})

	began := time.Now()
	r := clitest.Run(t, Command(), "ls", prefix+"*").Want(cli.ExitOK)
	if d := time.Since(began); d > 3*time.Second { // 1.4 s where the machine isn't busy
		t.Errorf("it took %v", d)
	}
	for _, words := range []string{
		fmt.Sprintf("%sorders           4  4 by name", prefix), "risk at 127.0.0.1",
		fmt.Sprintf("%squotes           1  %v", prefix, base), "e\uFFFD[2Jvil at 127.0.0.1"} {
		if !strings.Contains(r.Out.String(), words) {
			t.Errorf("there is no %q:\n%s%s", words, r.Out, r.Err)
		}
	}
	if strings.ContainsRune(r.Out.String(), '\x1b') {
		t.Errorf("a name reaches the terminal:\n%q", r.Out)
	}

	var l Listing
	r = clitest.Run(t, Command(), "ls", prefix+"q*", "--json").Want(cli.ExitOK)
	if err := json.Unmarshal(r.Out.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Publishers) != 1 || l.Pattern != prefix+"q*" || l.Interface != "lo" {
		t.Fatalf("%+v", l)
	}
	want := Publisher{Topic: prefix + "quotes", Partitions: 1, Groups: 1, Base: base.String(),
		Name: "e\x1b[2Jvil", Session: two.Session().String(), Address: two.LocalAddr().String(),
		PID: uint32(os.Getpid())}
	got := l.Publishers[0]
	if got.Started == "" {
		t.Error("it began at no time")
	}
	if got.Started, got.Host = "", ""; !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

// TestLsWatch prints a publisher that begins, and ends.
func TestLsWatch(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	name := fmt.Sprintf("ls-watch-%d", os.Getpid())
	p, err := publisher.New(publisher.Config{Topic: name})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out := &lines{found: cancel}
	closed := make(chan error, 1)
	out.first = func() { go func() { closed <- p.Close() }() }
	tool := cli.Tool{Commands: []*cli.Command{Command()}}
	exit := tool.Run(ctx, []string{"ls", name, "--watch", "--json"},
		cli.Streams{In: strings.NewReader(""), Out: out, Err: os.Stderr})
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := out.String(); exit != cli.ExitOK || !strings.Contains(got, `"change":"found"`) ||
		!strings.Contains(got, `"change":"gone"`) {
		t.Errorf("exit code %d\n%s", exit, got)
	}
}

// lines calls first at the first line, and found at the one about what is gone.
type lines struct {
	strings.Builder
	first func()
	found context.CancelFunc
}

func (l *lines) Write(p []byte) (int, error) {
	if l.Len() == 0 {
		l.first()
	}
	if strings.Contains(string(p), `"gone"`) {
		l.found()
	}
	return l.Builder.Write(p)
}

// TestNothingFound says so, with exit code 1.
func TestNothingFound(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	r := clitest.Run(t, Command(), "ls", "no.such.*").Want(cli.ExitError)
	if want := "no topic that matches no.such.* is announced on interface lo"; r.Out.Len() > 0 ||
		!strings.Contains(strings.Join(strings.Fields(r.Err.String()), " "), want) {
		t.Errorf("%s%s", r.Out, r.Err)
	}
}

// TestWrongWords names what is wrong on the command line.
func TestWrongWords(t *testing.T) {
	for words, want := range map[string]string{
		"a b":             "it takes one pattern, not 2",
		"a,b":             `crier ls: pattern "a,b" has a ',' at byte 1`,
		"":                "the pattern is empty: give one such as 'quotes.*'",
		"a\tb":            "control character",
		"* --iface none0": "none0",
		"--watch=maybe":   "maybe",
	} {
		args := append([]string{"ls"}, strings.Split(words, " ")...)
		r := clitest.Run(t, Command(), args...).Want(cli.ExitUsage)
		if !strings.Contains(r.Err.String(), want) {
			t.Errorf("%q: %s, want %q", args, r.Err, want)
		}
	}
}

// TestText fits 80 columns, with names as they come, and tells conflicts.
func TestText(t *testing.T) {
	l := &Listing{Publishers: []Publisher{
		{Topic: "orders", Partitions: 16, Groups: 16, Name: "risk1", Address: "10.0.0.5:41234",
			Messages: 1200000, Subscribers: 9},
		{Topic: "quotes", Partitions: 1, Groups: 1, Base: "239.77.0.1:7700",
			Address: "10.0.0.6:50211", Messages: 210000, Subscribers: 31},
		{Topic: "wide", Partitions: 256, Groups: 16, Base: "239.77.0.1:7700",
			Address: "10.0.0.6:50212"},
	}, Conflicts: []Conflict{{Text: "orders and fx share the group 239.77.113.9:7700: give one a " +
		"--group, and more words until this is too long for a line"}}}
	got := l.text(cli.PlainSheet)
	for _, line := range strings.Split(got, "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("too wide: %q", line)
		}
	}
	if !strings.Contains(got, "--group,") || !strings.Contains(got, "risk1 at 10.0.0.5  1.2 M/s") {
		t.Errorf("\n%s", got)
	}
}
