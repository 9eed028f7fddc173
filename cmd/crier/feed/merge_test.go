package feed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/feed/feedtest"
)

var (
	feedA = netip.MustParseAddrPort("239.1.1.1:5000")
	feedB = netip.MustParseAddrPort("239.1.2.1:5000")
)

// copied is a datagram as a capture is to have it.
type copied struct {
	at      time.Time
	to      netip.AddrPort
	payload []byte
}

// write writes datagrams to a capture in the order of their times.
func write(t testing.TB, list []copied) string {
	t.Helper()
	slices.SortStableFunc(list, func(a, b copied) int { return a.at.Compare(b.at) })
	path := filepath.Join(t.TempDir(), "feed.pcapng")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewCaptureWriter(file, "a test", "eth0", "")
	if err != nil {
		t.Fatal(err)
	}
	from := netip.MustParseAddrPort("10.0.0.1:4000")
	for _, d := range list {
		if err := w.Write(d.at, from, d.to, d.payload); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// source makes datagrams of MoldUDP64: each has one to three messages, "m" and its number.
func moldSource(n int) (list []copied, messages []string) {
	at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	for i := range n {
		count := 1 + i%3
		b := append([]byte("S000000001"), make([]byte, 10)...)
		binary.BigEndian.PutUint64(b[10:], uint64(len(messages)+1))
		binary.BigEndian.PutUint16(b[18:], uint16(count))
		for range count {
			m := fmt.Sprintf("m%d", len(messages)+1)
			messages = append(messages, m)
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(m))), m...)
		}
		at = at.Add(100 * time.Microsecond)
		list = append(list, copied{at: at, payload: b})
	}
	return list, messages
}

// sent returns the datagrams of a source as they come by a feed: those for which lost is false,
// to an address and later by shift.
func sent(list []copied, to netip.AddrPort, shift time.Duration,
	lost func(i int) bool) (out []copied) {
	for i, d := range list {
		if lost == nil || !lost(i) {
			d.to, d.at = to, d.at.Add(shift)
			out = append(out, d)
		}
	}
	return out
}

// taken reads a merged feed to its end.
func taken(t *testing.T, opts Options) (messages []string, times []time.Duration, s *Summary,
	told []string) {
	t.Helper()
	opts.Format = "pcap"
	opts.Tell = func(text string) { told = append(told, text) }
	r, err := Open(opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		m, err := r.Next()
		if err == io.EOF {
			return messages, times, r.Summary(), append(told, r.Warnings()...)
		}
		if err != nil {
			t.Fatal(err)
		}
		messages, times = append(messages, string(m.Payload)), append(times, m.At)
	}
}

func one(i int) func(int) bool { return func(k int) bool { return k == i } }

// What one feed lacks comes from the other, once and in order, from two captures and from one.
func TestMerge(t *testing.T) {
	source, whole := moldSource(900)
	due := map[string]time.Duration{}
	for i, at := 0, time.Duration(0); i < len(whole); at += 100 * time.Microsecond {
		for range source[int(at/(100*time.Microsecond))].payload[19] {
			due[whole[i]] = at
			i++
		}
	}
	some := func(every, from int) func(int) bool {
		return func(i int) bool { return i%every == from }
	}
	hour := time.Hour
	for name, c := range map[string]struct {
		lostA, lostB func(int) bool
		shift        time.Duration
		missing      uint64
	}{
		"whole":                       {},
		"losses":                      {lostA: some(7, 3), lostB: some(7, 5)},
		"the same datagrams are late": {lostA: some(10, 2), shift: 300 * time.Microsecond},
		"the second is ahead": {lostA: some(10, 2), lostB: some(10, 4),
			shift: -time.Millisecond},
		"the first dies": {lostA: func(i int) bool { return i > 400 }},
		"the second begins later": {lostA: func(i int) bool { return i > 600 && i%9 == 1 },
			lostB: func(i int) bool { return i < 400 }},
		"the first lacks the first": {lostA: one(0)},
		"the first lacks the first, and the second is late": {lostA: one(0),
			shift: 300 * time.Microsecond},
		"the second is dead": {lostB: func(int) bool { return true }},
		"both lack some": {lostA: func(i int) bool { return i == 9 || i == 300 || i == 301 },
			lostB: func(i int) bool { return i == 300 || i == 301 || i == 302 }, missing: 3},
		"both lack the last":     {lostA: one(899), lostB: one(899)},
		"clocks differ by hours": {lostA: some(7, 3), lostB: some(7, 5), shift: -3 * hour},
	} {
		a, b := sent(source, feedA, 0, c.lostA), sent(source, feedB, c.shift, c.lostB)
		want := whole
		if c.missing > 0 {
			want = slices.Concat(whole[:600], whole[603:])
		} else if name == "both lack the last" {
			want = whole[:len(whole)-3]
		}
		merged := map[string]Options{"two captures": {Merge: []string{write(t, a), write(t, b)},
			Split: "moldudp64"}}
		if c.shift > -hour {
			merged["one capture"] = Options{From: write(t, slices.Concat(a, b)),
				Merge: []string{feedA.String(), feedB.String()}, Split: "moldudp64"}
		}
		for form, opts := range merged {
			if name == "the second is dead" && form == "two captures" {
				continue // a capture of nothing is an error
			}
			got, times, s, told := taken(t, opts)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: %d messages, want %d: differ at %d", name, form, len(got),
					len(want), differ(got, want))
				continue
			}
			tolerance := c.shift.Abs() // of one clock; different ones are aligned
			if tolerance >= hour {
				tolerance = 0
			}
			for i, text := range got {
				if off := times[i] - due[text]; off.Abs() > tolerance {
					t.Errorf("%s, %s: %s is due %v off", name, form, text, off)
					break
				}
			}
			if len(s.Feeds) != 2 || s.Feeds[0].Taken+s.Feeds[1].Taken != uint64(len(want)) ||
				s.Sessions[0].Missing != c.missing || len(s.Sessions) != 1 {
				t.Errorf("%s, %s: %+v", name, form, s)
			}
			for i, had := range [][]copied{a, b} {
				lacks := uint64(len(whole) - messagesOf(had))
				if name == "both lack the last" { // of which nobody knows
					lacks -= 3
				}
				if s.Feeds[i].Missing != lacks {
					t.Errorf("%s, %s: %d are missing of feed %d, want %d", name, form,
						s.Feeds[i].Missing, i+1, lacks)
				}
			}
			if text := strings.Join(told, "\n"); strings.Contains(text, "both feeds") !=
				(c.missing > 0) {
				t.Errorf("%s, %s: told %s", name, form, text)
			}
		}
	}
}

// messagesOf counts the messages of datagrams.
func messagesOf(list []copied) (n int) {
	for _, d := range list {
		n += int(d.payload[19])
	}
	return n
}

// differ returns the first place where two lists differ.
func differ(a, b []string) int {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

// A feed that reorders, repeats and merges is taken as whole as one that doesn't.
func TestMergeOutOfOrder(t *testing.T) {
	source, whole := moldSource(300)
	a := sent(source, feedA, 0, one(120))
	for i := 10; i+3 < len(a); i += 11 { // one later than the three after it
		a[i].at = a[i+3].at.Add(time.Microsecond)
	}
	a = append(a, copied{a[50].at.Add(time.Millisecond), feedA, a[50].payload})
	at := slices.IndexFunc(a[200:], func(d copied) bool { return d.payload[19] == 3 }) + 200
	a[at].payload = slices.Concat(a[at].payload, a[at+1].payload) // the second one is smaller
	a = slices.Delete(a, at+1, at+2)
	b := sent(source, feedB, time.Millisecond, func(i int) bool { return i%2 == 0 && i != 120 })
	got, _, s, told := taken(t, Options{Merge: []string{write(t, a), write(t, b)},
		Split: "moldudp64"})
	lacked := []uint64{uint64(source[120].payload[19]), uint64(len(whole) - messagesOf(b))}
	if !slices.Equal(got, whole) || s.Sessions[0].Missing > 0 || s.Feeds[0].Missing != lacked[0] ||
		s.Feeds[1].Missing != lacked[1] {
		t.Errorf("%d messages, want %d: differ at %d: %+v\n%s", len(got), len(whole),
			differ(got, whole), s, strings.Join(told, "\n"))
	}
}

// The recorded feeds, each with losses of its own on both ways, are whole and once again.
func TestMergeRecorded(t *testing.T) {
	for _, file := range []string{"iex-deep-20231002-first5000pkts.pcap.gz",
		"iex-tops16-20170710-sample.pcapng.gz"} {
		path := feedtest.Recorded(t, file)
		d, err := OpenDatagrams(path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		var source []copied
		for {
			g, err := d.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			source = append(source, copied{at: g.At, payload: bytes.Clone(g.Payload)})
		}
		f, err := Open(Options{From: path, Format: "pcap", Split: "iextp"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var want []string
		for {
			m, err := f.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, string(m.Payload))
		}
		// Each loses 1 %, and never both the same.
		random := marketRand{7}
		fate := make([]int64, len(source))
		for i := range fate {
			fate[i] = random.below(100)
		}
		a := sent(source, feedA, 0, func(i int) bool { return fate[i] == 0 })
		b := sent(source, feedB, 35*time.Microsecond, func(i int) bool { return fate[i] == 1 })
		for form, opts := range map[string]Options{
			"two captures": {Merge: []string{write(t, a), write(t, b)}},
			"one capture": {From: write(t, slices.Concat(a, b)),
				Merge: []string{feedA.String(), feedB.String()}},
		} {
			opts.Split = "iextp"
			got, _, s, told := taken(t, opts)
			if !slices.Equal(got, want) || s.Sessions[0].Missing > 0 ||
				s.Feeds[0].Missing == 0 || s.Feeds[1].Missing == 0 {
				t.Errorf("%s, %s: %d messages, want %d: differ at %d: %+v\n%s", file, form,
					len(got), len(want), differ(got, want), s, strings.Join(told, "\n"))
			}
		}
	}
}

// Where a capture is cut off, all of the other and all before the cut are taken, and then the error
// comes.
func TestMergeCutOff(t *testing.T) {
	source, whole := moldSource(300)
	cut := func(list []copied) string {
		path := write(t, list)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, info.Size()/2); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a, b := sent(source, feedA, 0, one(7)), sent(source, feedB, time.Millisecond, one(3))
	for name, c := range map[string]struct {
		opts        Options
		all, goesOn bool
	}{
		"one of two": {Options{Merge: []string{cut(a), write(t, b)}}, true, true},
		"both":       {Options{Merge: []string{cut(a), cut(b)}}, false, true},
		"the only one": {Options{From: cut(slices.Concat(a, b)),
			Merge: []string{feedA.String(), feedB.String()}}, false, false},
	} {
		var told []string
		c.opts.Format, c.opts.Split = "pcap", "moldudp64"
		c.opts.Tell = func(text string) { told = append(told, text) }
		r, err := Open(c.opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			var m Record
			if m, err = r.Next(); err != nil {
				break
			}
			got = append(got, string(m.Payload))
		}
		feedtest.WantSentence(t, err, "it ends within packet")
		if _, again := r.Next(); again != err {
			t.Errorf("%s: then %v", name, again)
		}
		r.Close()
		n := 300 // as many messages as half the source has
		if c.all {
			n = len(whole)
		}
		if len(got) < n-12 || len(got) > n+12 || !slices.Equal(got, whole[:len(got)]) {
			t.Errorf("%s: %d messages of %d", name, len(got), n)
		}
		if text := strings.Join(told, "\n"); strings.Contains(text,
			"the other capture goes on alone") != c.goesOn {
			t.Errorf("%s: told %s", name, text)
		}
	}
}

// Captures of two sources are told from two feeds of one.
func TestMergeUnlike(t *testing.T) {
	source, whole := moldSource(30)
	other, _ := moldSource(30)
	for _, d := range other {
		d.payload[9] = '2'
	}
	got, _, s, told := taken(t, Options{Merge: []string{write(t, sent(source, feedA, 0, nil)),
		write(t, sent(other, feedB, 0, nil))}, Split: "moldudp64"})
	if len(got) != 2*len(whole) || len(s.Sessions) != 2 ||
		!strings.Contains(strings.Join(told, "\n"), "have no session of the source in common") {
		t.Errorf("%d messages, %+v\n%s", len(got), s, strings.Join(told, "\n"))
	}
	_, _, _, told = taken(t, Options{Merge: []string{write(t, sent(source, feedA, 0, nil)),
		write(t, sent(source, feedB, 0, one(3)))}, Split: "moldudp64"})
	if strings.Contains(strings.Join(told, "\n"), "in common") {
		t.Error(told)
	}
}
