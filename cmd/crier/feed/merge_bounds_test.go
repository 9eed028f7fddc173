package feed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// moldOf is a datagram of MoldUDP64 with one message, which names its session and number.
func moldOf(session, number, size int) []byte {
	b := fmt.Appendf(nil, "S%09d", session)
	b = binary.BigEndian.AppendUint64(b, uint64(number))
	b = append(b, 0, 1)
	m := fmt.Appendf(nil, "s%dm%d ", session, number)
	m = append(m, bytes.Repeat([]byte("x"), max(0, size-len(m)))...)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(m))), m...)
}

// endOf is the datagram that ends a session before a number.
func endOf(session, number int) []byte {
	b := moldOf(session, number, 0)[:20]
	return append(b[:18], 0xff, 0xff)
}

// What waits for a feed that doesn't bring it is bounded: by the datagrams and the bytes of the
// other one, and by time. Nothing waits at the end.
func TestMergeIsBounded(t *testing.T) {
	for _, c := range []struct {
		name        string
		n, size     int
		every       time.Duration
		least, most int // datagrams that wait
	}{
		{"datagrams", 4300, 10, 100 * time.Microsecond, 4096, 4096},
		{"bytes", 3100, 1400, 100 * time.Microsecond, 2980, 2995},
		{"time", 1500, 10, time.Millisecond, 1000, 1002},
	} {
		var a []copied
		at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
		for i := range c.n {
			if at = at.Add(c.every); i != 10 { // which neither has
				a = append(a, copied{at: at, to: feedA, payload: moldOf(1, 1+i, c.size)})
			}
		}
		last := a[len(a)-1]
		last.to = feedB
		waits := 0
		opts := Options{Format: "pcap", Split: "moldudp64",
			Merge: []string{write(t, a), write(t, []copied{last})}}
		var r *Reader
		opts.Tell = func(text string) {
			if strings.Contains(text, "both feeds of its source lack message 11") {
				waits = len(r.merge.feeds[0].queue)
			}
		}
		r, err := Open(opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; err == nil; n++ {
			_, err = r.Next()
		}
		if f := &r.merge.feeds[0]; err != io.EOF || n != c.n || waits < c.least || waits > c.most ||
			f.bytes != 0 || len(f.queue) != 0 {
			t.Errorf("%s: %d messages, %d datagrams waited, %d bytes at the end, %v", c.name, n-1,
				waits, f.bytes, err)
		}
		r.Close()
	}
	// In one capture nothing is read ahead while both go on, and one feed is as far as the other.
	var both []copied
	at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	for i := range 3000 {
		at = at.Add(time.Millisecond)
		both = append(both, copied{at, feedA, moldOf(1, 1+i, 10)})
		if i < 10 {
			both = append(both, copied{at, feedB, moldOf(1, 1+i, 10)})
		}
	}
	r, err := Open(Options{Format: "pcap", Split: "moldudp64", From: write(t, both),
		Merge: []string{feedA.String(), feedB.String()}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	most := 0
	for err == nil {
		_, err = r.Next()
		most = max(most, len(r.merge.feeds[0].queue), len(r.merge.feeds[1].queue))
	}
	if most > 3 {
		t.Errorf("%d datagrams of one capture waited", most)
	}
}

// Each session of the source is told and counted by itself, its end once, and those beyond 256 are
// left out, and counted.
func TestMergeOfSessions(t *testing.T) {
	at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	var a, b []copied
	add := func(payload []byte, toA, toB bool) {
		at = at.Add(100 * time.Microsecond)
		if toA {
			a = append(a, copied{at, feedA, payload})
		}
		if toB {
			b = append(b, copied{at, feedB, payload})
		}
	}
	for session := range 2 {
		for number := 1; number <= 10; number++ { // A lacks 2, B lacks 4, both 6
			add(moldOf(session, number, 10), number != 2 && number != 6, number != 4 && number != 6)
		}
	}
	add(endOf(1, 11), true, true)
	for session := 2; session < 259; session++ {
		add(moldOf(session, 1, 10), true, true)
	}
	got, _, s, told := taken(t, Options{Split: "moldudp64", Merge: []string{write(t, a), write(t, b)}})
	if len(got) != 2*9+254 {
		t.Errorf("%d messages", len(got))
	}
	for i, f := range s.Feeds {
		if f.Missing != 4 || f.Taken+f.Again < 2*8+254 {
			t.Errorf("feed %d: %+v", i, f)
		}
	}
	if n := s.Feeds[0].Again + s.Feeds[1].Again; n != 2*7+254 {
		t.Errorf("%d messages came again", n)
	}
	for i, one := range s.Sessions[:2] {
		if one.Missing != 1 || one.Gaps != 1 || one.Next != 11 || one.Ended != (i == 1) {
			t.Errorf("%+v", one)
		}
	}
	count := func(words string) (n int) {
		for _, text := range told {
			if strings.Contains(text, words) {
				n++
			}
		}
		return n
	}
	for words, want := range map[string]int{"its source ends session S000000001": 1,
		"both feeds lack 1 message of": 2, "its source begins session S000000001, with number 1": 1,
		"messages were left out, of more sessions than 256": 1} {
		if n := count(words); n != want {
			t.Errorf("%q was told %d times:\n%s", words, n, strings.Join(told, "\n"))
		}
	}
}
