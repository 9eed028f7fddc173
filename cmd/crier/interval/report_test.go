package interval

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crier/cmd/crier/cli"
)

func TestEvery(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1": time.Second, "0.5": time.Second / 2, "1s": time.Second, "2m": 2 * time.Minute,
		"100ms": 100 * time.Millisecond,
	} {
		var e Every
		if err := e.Set(text); err != nil || time.Duration(e) != want {
			t.Errorf("%s: %v, %v", text, time.Duration(e), err)
		}
	}
	for _, text := range []string{"", "x", "0", "-1", "NaN", "inf", "1e300", "50ms", "25h"} {
		var e Every
		if err := e.Set(text); err == nil {
			t.Errorf("%q is taken for %v", text, time.Duration(e))
		}
	}
}

// Figures come at each interval, and once more for the rest; a file has the heads once.
func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		r := NewReport(&out, Column{Head: "msg/s", Width: 7}, Column{Head: "lost", Width: 7})
		var count atomic.Uint64
		before := uint64(0)
		stop := Start(Every(time.Second), func(elapsed, since time.Duration) {
			n := count.Load()
			r.Add(elapsed, cli.Rounded(PerSecond(n, before, since)), Count(n))
			before = n
		})
		for range 3 {
			time.Sleep(999 * time.Millisecond)
			count.Add(1000)
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		time.Sleep(time.Second / 2)
		count.Add(200_000)
		stop()
		want := "     time   msg/s    lost\n" +
			"      1 s     1 k   1,000\n" +
			"      2 s     1 k   2,000\n" +
			"      3 s     1 k   3,000\n    3.5 s   400 k   203 k\n"
		if out.String() != want {
			t.Errorf("%s\nwant\n%s", out.String(), want)
		}
	})
}

// A terminal shows the heads again.
func TestHeadsAgain(t *testing.T) {
	var out strings.Builder
	r := NewReport(&out)
	r.again = true
	for i := range 41 {
		r.Add(time.Duration(i) * time.Second)
	}
	if n := strings.Count(out.String(), "time\n"); n != 3 {
		t.Errorf("%d times in %s", n, fmt.Sprint(&out))
	}
}
