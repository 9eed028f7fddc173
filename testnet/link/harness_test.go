package link

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

func mustLink(t testing.TB, cfg Config, seed uint64) *Link {
	t.Helper()
	l, err := New(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustScript(t testing.TB, text string) Script {
	t.Helper()
	s, err := ParseScript(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lossesOf sends n datagrams, one each interval, and says which were lost.
func lossesOf(t testing.TB, l *Link, n int, interval int64) []bool {
	t.Helper()
	lost := make([]bool, n)
	for i := range lost {
		out := l.Send(int64(i)*interval, 100)
		switch out.Drop {
		case NotDropped:
		case DropLoss:
			lost[i] = true
		default:
			t.Fatalf("datagram %d was dropped for %v", i+1, out.Drop)
		}
	}
	return lost
}

// arrivalsOf sends n datagrams, one each interval, on a link that neither loses
// nor copies, and returns when they arrive.
func arrivalsOf(t testing.TB, l *Link, n int, interval int64) []int64 {
	t.Helper()
	at := make([]int64, n)
	for i := range at {
		out := l.Send(int64(i)*interval, 100)
		if len(out.Arrivals()) != 1 {
			t.Fatalf("datagram %d: %d arrivals, dropped for %v", i+1, len(out.Arrivals()), out.Drop)
		}
		at[i] = out.Arrivals()[0].At
	}
	return at
}

func countLost(bits []bool) int {
	n := 0
	for _, b := range bits {
		if b {
			n++
		}
	}
	return n
}

// record opens one of the recorded traces, or skips the test.
func record(t testing.TB, name string) *os.File {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		t.Skipf("the recorded data is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
