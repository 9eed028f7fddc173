package feed

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// marketMessages takes n messages from a market.
func marketMessages(t *testing.T, opts MarketOptions, n uint64) []message {
	t.Helper()
	opts.Count = n
	got, err := drainFeed(NewMarket(opts))
	if err != nil || uint64(len(got)) != n {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	return got
}

func marketDigest(ms []message) string {
	h := sha256.New()
	for _, m := range ms {
		binary.Write(h, binary.BigEndian, int64(m.at))
		h.Write([]byte(m.payload))
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// A seed gives the same bytes and times every time, and on any machine.
func TestMarketRepeats(t *testing.T) {
	for seed, want := range map[uint64]string{0: "a2067811f93c97d5", 1: "1061500d2b7eeaa6",
		1 << 63: "9b6bc93ca9f454b4"} {
		if got := marketDigest(marketMessages(t, MarketOptions{Seed: seed}, 20000)); got != want {
			t.Errorf("seed %d: digest %s, want %s", seed, got, want)
		}
	}
}

// It stays so if nothing in it counts with fractions.
func TestMarketIsAllIntegers(t *testing.T) {
	for _, file := range []string{"market.go", "market_books.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"float", `"math"`, "math/rand", "range map", "time.Now"} {
			if strings.Contains(string(text), word) {
				t.Errorf("%s has %s", file, word)
			}
		}
	}
}

// window is the most messages within d, from message i on.
func window(ms []message, i int, d time.Duration) int {
	most, j := 0, i
	for ; i < len(ms); i++ {
		for ms[i].at-ms[j].at >= d {
			j++
		}
		most = max(most, i-j+1)
	}
	return most
}

// between fails unless got is one of the numbers from low to high.
func between(t *testing.T, what string, got, low, high int) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %d, want %d to %d", what, got, low, high)
	}
}

func TestMarketShape(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			ms := marketMessages(t, MarketOptions{Seed: seed}, 60000)
			if !slices.IsSortedFunc(ms, func(a, b message) int { return int(a.at - b.at) }) ||
				ms[0].at != 0 {
				t.Fatal("times go back, or don't begin with 0")
			}
			// The opening: 4,000 in 10 ms, a fifth of them in the first.
			between(t, "opening, 10 ms", window(ms, 0, BurstTime), 4000, 4100)
			between(t, "opening, 1 ms", window(ms, 0, time.Millisecond), 750, 950)
			if ms[3999].at >= BurstTime {
				t.Errorf("the opening takes %v", ms[3999].at)
			}
			// Then bursts of hundreds, none as large as the opening.
			between(t, "storms, 10 ms", window(ms, 4000, BurstTime), 400, 1700)
			// And quiet: 2 to 4 thousand a second, nearly all in a small part of the time.
			later := ms[len(ms)-1].at - ms[4000].at
			between(t, "messages a second",
				int(int64(len(ms)-4000)*int64(time.Second)/int64(later)), 1800, 3200)
			busy := map[time.Duration]int{}
			for _, m := range ms[4000:] {
				busy[m.at/time.Millisecond]++
			}
			between(t, "share of milliseconds with messages, %",
				len(busy)*100/int(later/time.Millisecond), 15, 50)

			var all, small, depth []int
			for _, m := range ms {
				all = append(all, len(m.payload))
				if m.payload[0] == '{' {
					depth = append(depth, len(m.payload))
				} else {
					small = append(small, len(m.payload))
				}
			}
			for _, s := range [][]int{all, small, depth} {
				slices.Sort(s)
			}
			between(t, "smallest", small[0], 18, 18)
			between(t, "largest but depth updates", small[len(small)-1], 70, 80)
			between(t, "median of all", all[len(all)/2], 20, 40)
			between(t, "depth updates of 100", len(depth)*100/len(all), 3, 6)
			between(t, "depth updates, p50", depth[len(depth)/2], 165, 205)
			between(t, "depth updates, p98", depth[len(depth)*98/100], 1800, 2300)
			between(t, "depth updates, largest", depth[len(depth)-1], 9000, 28000)
		})
	}
}

// Runs of messages less than 200 us apart are as long as those of the feed
// that they were taken from.
func TestMarketRuns(t *testing.T) {
	m := NewMarket(MarketOptions{Opening: -1, StormEvery: -1, Feeds: 1, Count: 90000})
	var runs []int
	for {
		if _, err := m.Next(); err != nil {
			break
		}
		phase, i, of := m.Burst()
		if phase != Trading || i < 1 || i > of {
			t.Fatalf("%v %d of %d", phase, i, of)
		}
		if i == of {
			runs = append(runs, of)
		}
	}
	slices.Sort(runs)
	at := func(perMille int) int { return runs[len(runs)*perMille/1000] }
	between(t, "p50", at(500), 1, 1)
	between(t, "p90", at(900), 3, 5)
	between(t, "p99", at(990), 16, 20)
	between(t, "p99.9", at(999), 58, 90)
	between(t, "longest", runs[len(runs)-1], 120, 177)
	span := time.Duration(m.at)
	between(t, "messages a second", int(90000*time.Second/span), 200, 400) // recorded: 272
}

func TestMarketOptions(t *testing.T) {
	ms := marketMessages(t, MarketOptions{Opening: 3, StormEvery: -1}, 2000)
	between(t, "within 10 ms, after a small opening and without storms",
		window(ms, 0, BurstTime), 3, 400)
	m := NewMarket(MarketOptions{Opening: -1, StormEvery: time.Millisecond})
	storms := 0
	for range 20000 {
		m.Next()
		if phase, i, _ := m.Burst(); phase == Storm && i == 1 {
			storms++
		}
	}
	between(t, "storms, if there is always one", storms, 30, 100)
}

// Every message is readable and is what it says.
func TestMarketMessages(t *testing.T) {
	const symbol, price, lots = `[A-Z]{4,5}`, `\d{1,4}\.\d\d`, `\d{1,3}00`
	line := regexp.MustCompile(`^(L ` + symbol + ` [BS] ` + price + ` ` + lots +
		`|Q ` + symbol + ` B ` + price + ` x ` + lots + ` A ` + price + ` x ` + lots +
		`|T ` + symbol + ` ` + price + ` x ` + lots + ` [BS] \d{7}` +
		`|A ` + symbol + ` ref ` + price + ` paired ` + lots + ` imbalance ` + lots +
		` [BS] near ` + price + ` far ` + price + `)$`)
	last, kinds := map[string]uint64{}, map[byte]int{}
	for _, m := range marketMessages(t, MarketOptions{Seed: 3}, 30000) {
		kinds[m.payload[0]]++
		if m.payload[0] != '{' {
			if !line.MatchString(m.payload) {
				t.Fatalf("%q is no message", m.payload)
			}
			continue
		}
		var d struct {
			S     string
			Pu, U uint64
			B, A  [][2]string
		}
		if err := json.Unmarshal([]byte(m.payload), &d); err != nil {
			t.Fatalf("%.100q: %v", m.payload, err)
		}
		if d.Pu != last[d.S] || d.U != d.Pu+uint64(len(d.B)+len(d.A)) {
			t.Fatalf("update %d to %d of %s with %d levels follows %d", d.Pu, d.U, d.S,
				len(d.B)+len(d.A), last[d.S])
		}
		last[d.S] = d.U
	}
	if len(kinds) != int(marketKinds) || len(last) < marketSymbols*3/4 {
		t.Errorf("kinds %v, %d symbols with depth updates", kinds, len(last))
	}
}

func TestMarketMakesNoGarbage(t *testing.T) {
	wantNoAllocs(t, NewMarket(MarketOptions{}))
}
