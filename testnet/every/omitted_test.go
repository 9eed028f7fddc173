package every

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"crier/reliable"
	"crier/testnet/random"
	"crier/testnet/world"
)

// TestOmittedDecidesNothing plays schedules twice: once as they are, and once with all that the
// hash of a state leaves out changed at some choice. The same must happen, and be judged alike.
func TestOmittedDecidesNothing(t *testing.T) {
	games := []struct {
		game *Game
		most uint64 // until which event
		each int    // how often the hash is compared
	}{
		{Small{Subscribers: 2, Frames: 2}.Game(), 70, 1},
		{crashed(), 200, 1}, // the inquest begins at event 70
		{topics(), 400, 10},
		{members(), 200, 1},
	}
	cfg := Config{Seed: 1, Scope: Scope{Rules: All(), Late: 5 * time.Millisecond,
		Again: 100 * time.Microsecond, Faults: -1, Crash: []Crash{{Name: "pub0"}}, Crashes: 1,
		Until: reliable.Time(4 * time.Second)}}
	rand := random.New(1)
	changed := map[string]int{}
	for i := range 40 {
		g, most, each := games[i%len(games)].game, games[i%len(games)].most,
			games[i%len(games)].each
		var s Schedule
		for n := 1 + int(rand.Below(20)); n < int(most); n += 1 + int(rand.Below(20)) {
			s = append(s, Made{Event: n, What: string(Faults[rand.Below(3)])})
		}
		at := 1 + int(rand.Below(most))
		var sums [2][]Sum
		var ends [2]string
		for i := range sums {
			x := newExplorer(g, &cfg)
			h := newHasher()
			x.replay = &replay{schedule: s, each: func(n int, _ []option, _ *world.Next) {
				if n == at && i == 1 {
					h.left = func(name string, why reason, p unsafe.Pointer, ty reflect.Type) {
						if why >= scratch && change(p, ty, why == past, &rand) {
							changed[name]++
						}
					}
					h.state(x.play)
					h.left = nil
				}
				if n%each == 0 {
					sums[i] = append(sums[i], h.whole(x.play))
				}
			}}
			broken, err := x.playOne(nil)
			if err != nil {
				t.Fatal(err)
			}
			if broken != nil {
				ends[i] = broken.Error()
			}
			sums[i] = append(sums[i], h.whole(x.play))
		}
		if ends[0] != ends[1] || len(sums[0]) != len(sums[1]) {
			t.Fatalf("%v, changed at %d: %q and %q, %d and %d hashes", s, at, ends[0], ends[1],
				len(sums[0]), len(sums[1]))
		}
		for n := range sums[0] {
			if sums[0][n] != sums[1][n] {
				t.Fatalf("%v, changed at %d, differs at hash %d", s, at, n)
			}
		}
	}
	for name, why := range omitted {
		if why >= scratch && why != spare && changed[name] == 0 && !strings.Contains(
			"frame.Decoder frame.Encoder world.Subscriber.buf world.World.drop", name) {
			t.Errorf("%s was never changed", name)
		}
	}
}

// crashed is a world of survivors, whose publisher crashes.
func crashed() *Game {
	g := Small{Subscribers: 2, Frames: 2, History: 128 << 10, Stays: true}.Game()
	build := g.Build
	g.Build = func(p *Play) error {
		err := build(p)
		p.At(20*milli, func() { p.World.Publishers()[0].Crash() })
		return err
	}
	return g
}

// TestOmittedExists asks whether there is all that the hash of a state leaves out.
func TestOmittedExists(t *testing.T) {
	cfg := Config{Seed: 1}
	found := map[string]bool{}
	for _, g := range []*Game{Small{Subscribers: 2, Frames: 2}.Game(), crashed()} {
		x := newExplorer(g, &cfg)
		x.replay = &replay{}
		if _, err := x.playOne(nil); err != nil {
			t.Fatal(err)
		}
		x.hash.state(x.play)
		for name := range x.hash.found {
			found[name] = true
		}
	}
	for name := range omitted {
		if !found[name] && name != "world.hidingReceiver.hide" {
			t.Errorf("there is no %s", name)
		}
	}
}

// change changes the numbers in something, and reports whether there were any.
func change(p unsafe.Pointer, t reflect.Type, before bool, r *random.Generator) bool {
	switch t.Kind() {
	case reflect.Int64, reflect.Uint64, reflect.Int, reflect.Uint:
		x := (*uint64)(p)
		if before {
			*x /= 2
		} else {
			*x = r.Below(1000)
		}
		return true
	case reflect.Struct:
		if t.PkgPath() == "crier/reliable/frame" && t.Name() != "Frame" {
			return false // a codec, with a library's state
		}
		some := false
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Type.Kind() != reflect.Slice { // which may view what isn't its own
				some = change(unsafe.Add(p, f.Offset), f.Type, before, r) || some
			}
		}
		return some
	case reflect.Array:
		some := false
		for i := range t.Len() {
			some = change(unsafe.Add(p, uintptr(i)*t.Elem().Size()), t.Elem(), before, r) || some
		}
		return some
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return false
		}
		b := *(*[]byte)(p)
		b = b[:cap(b)]
		for i := range b {
			b[i] = byte(r.Below(256))
		}
		return len(b) > 0
	}
	return false
}
