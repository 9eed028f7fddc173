package every

import (
	"fmt"
	"maps"
	"math/bits"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/reliable/topic"
	"crier/testnet/link"
	"crier/testnet/random"
	"crier/testnet/world"
)

// TestHashCovers changes what the World, the Checker and the Judge lead to, one field after the
// other, in the midst of schedules: the hash is another each time, but for what is listed as
// omitted. So a field that is new is hashed, or named with the reason why it needn't be.
func TestHashCovers(t *testing.T) {
	rand := random.New(1)
	fields := map[string]bool{}
	for _, one := range []struct {
		game *Game
		at   []int
	}{
		{Small{Subscribers: 2, Frames: 2}.Game(), []int{1, 20, 45}},
		{crashed(), []int{60, 80, 100}},
		{topics(), []int{1, 60, 200, 400}},
		{members(), []int{1, 40, 80, 150}},
	} {
		g, at := one.game, one.at
		n := 0
		cfg := Config{Seed: 1, Scope: Scope{Until: g.End}}
		x := newExplorer(g, &cfg)
		h := newHasher()
		look := func() {
			if n++; !slices.Contains(at, n) {
				return
			}
			before := h.whole(x.play)
			f := finder{met: map[place]bool{}, found: map[string][]edit{}}
			for _, p := range []any{x.play.World, x.play.Checker, &x.play.Judge} {
				v := reflect.ValueOf(p)
				f.find("", v.UnsafePointer(), v.Type().Elem())
			}
			for _, e := range x.play.World.Pending(nil) {
				f.find("", unsafe.Pointer(e.Datagram), reflect.TypeFor[world.Datagram]())
			}
			for _, name := range slices.Sorted(maps.Keys(f.found)) {
				fields[name] = true
				list := f.found[name]
				one := list[rand.Below(uint64(len(list)))]
				undo := one()
				if h.whole(x.play) == before {
					t.Errorf("%s: at event %d the hash is the same whatever %s is", g.Name, n, name)
				}
				undo()
			}
			if h.whole(x.play) != before {
				t.Fatalf("%s: the test didn't put back what it changed", g.Name)
			}
		}
		p, err := newPlay(g, world.Config{Seed: 1, Chooser: chooser(look)}, &cfg.Scope)
		if err != nil {
			t.Fatal(err)
		}
		x.play = p
		if err := p.World.Run(g.End); err != nil {
			t.Fatal(err)
		}
		if last := at[len(at)-1]; n < last {
			t.Errorf("%s has %d events, and was to be looked at before event %d", g.Name, n, last)
		}
	}
	t.Logf("%d fields", len(fields))
	if len(fields) < 1000 {
		t.Errorf("%d fields were changed, and there are more", len(fields))
	}
}

// chooser chooses nothing, and is called before each event.
type chooser func()

func (c chooser) Choose(*world.Next) world.Fate {
	c()
	return world.Fate{}
}

// members is a world of a team, one of which leaves.
func members() *Game {
	g := Team{Members: 3, Messages: 20, Begin: 20 * time.Millisecond, Apart: 5 * time.Millisecond,
		Work: 2 * time.Millisecond, Window: 4, Clocks: []int{0, 20_000, -20_000},
		End: 2 * time.Second}.Game()
	build := g.Build
	g.Build = func(p *Play) error {
		err := build(p)
		p.At(70*milli, func() { p.World.Subscribers()[0].Leave() })
		return err
	}
	return g
}

// topics is a world of topics with partitions, keys and feeds, a directory, and a recorder.
func topics() *Game {
	return &Game{Name: "topics", End: 200 * milli, Build: func(p *Play) error {
		w := p.World
		way := link.Config{Delay: link.FixedDelay(time.Millisecond), Loss: link.Bernoulli{P: 0.1}}
		segment, err := w.AddSegment("b", way)
		if err != nil {
			return err
		}
		orders := []receive.Topic{{Name: "orders"}}
		for i := range 3 {
			cfg := world.SubscriberConfig{Down: way, Up: way, Receiver: receive.Config{Topics: orders},
				Feeds:     []world.Feed{{Segment: segment, Down: way}},
				SaveAfter: 5 * time.Millisecond, Work: 100 * time.Microsecond, History: 128 << 10,
				JoinDelay: 2 * time.Millisecond}
			if i == 2 {
				cfg.Receiver.Topics = []receive.Topic{{Name: "orders", Partitions: []uint32{1}}}
				cfg.Feeds, cfg.Work, cfg.CopyFrames = nil, 0, true
			}
			if _, err := w.AddSubscriber(cfg); err != nil {
				return err
			}
		}
		if _, err := w.AddRecorder(world.RecorderConfig{Subscriber: world.SubscriberConfig{
			Down: way, Up: way, Receiver: receive.Config{Topics: orders}}}); err != nil {
			return err
		}
		all, err := topic.ParsePattern("*")
		if err != nil {
			return err
		}
		if _, err := w.AddLister(world.ListerConfig{Name: "ls", Pattern: all}); err != nil {
			return err
		}
		if _, err := w.AddEntry(world.EntryConfig{Name: "entry", Topic: "orders"}); err != nil {
			return err
		}
		pub, err := w.AddPublisher(world.PublisherConfig{At: 5 * milli, Feeds: 2,
			Continue: reliable.ContinueOrNew, Sender: send.Config{Datagram: 300, Topic: "orders",
				Layout:    topic.Layout{Partitions: 3, Groups: 2},
				Retention: send.Retention{ResendBuffer: 16 << 10}}})
		if err != nil {
			return err
		}
		for i := range 60 {
			p.At(reliable.Time(10+i)*milli, func() {
				_, err := pub.Send(world.Message{Key: fmt.Append(nil, i%7),
					Payload: fmt.Append(nil, i),
					Headers: []reliable.Header{{Name: "n", Value: fmt.Append(nil, i)}}})
				if err != nil {
					panic(err)
				}
			})
		}
		p.At(50*milli, func() { w.Subscribers()[1].Pause(10 * time.Millisecond) })
		p.At(80*milli, func() { pub.Restart() })
		return nil
	}}
}

// An edit changes something, and returns what undoes that.
type edit func() (undo func())

// finder finds all that can be changed, but for what is omitted, with the names of the fields.
type finder struct {
	met   map[place]bool
	found map[string][]edit
}

func (f *finder) add(name string, e edit) { f.found[name] = append(f.found[name], e) }

// swap adds the change of what lies at p to a value.
func swap[T any](f *finder, name string, p unsafe.Pointer, to T) {
	f.add(name, func() func() {
		x := (*T)(p)
		was := *x
		*x = to
		return func() { *x = was }
	})
}

// find looks at what lies at p, in the field with a name.
func (f *finder) find(name string, p unsafe.Pointer, t reflect.Type) {
	if omitted[t.String()] != 0 || t.PkgPath() == "unique" || t.String() == "time.Location" {
		return // the last two are shared with all the program
	}
	switch t.Kind() {
	case reflect.Struct:
		if p == nil || t.Size() == 0 || f.met[place{p, t}] || unusedIn(t)(p) {
			return
		}
		f.met[place{p, t}] = true
		for i := range t.NumField() {
			field := t.Field(i)
			name := t.String() + "." + field.Name
			if omitted[name] == 0 && field.Name != "_" {
				f.find(name, unsafe.Add(p, field.Offset), field.Type)
			}
		}
	case reflect.Array:
		for i := range t.Len() {
			f.find(name, unsafe.Add(p, uintptr(i)*t.Elem().Size()), t.Elem())
		}
	case reflect.Slice:
		f.slice(name, p, t)
	case reflect.Pointer:
		if at := *(*unsafe.Pointer)(p); at != nil {
			swap[unsafe.Pointer](f, name+", the pointer", p, nil)
			f.find(name, at, t.Elem())
		}
	case reflect.Func:
		if *(*unsafe.Pointer)(p) != nil {
			swap[unsafe.Pointer](f, name, p, nil)
		}
	case reflect.String:
		swap(f, name, p, *(*string)(p)+"x")
	case reflect.Map:
		f.entries(name, reflect.NewAt(t, p).Elem())
	case reflect.Interface:
		v := reflect.NewAt(t, p).Elem()
		if v.IsNil() {
			return
		}
		f.set(name+", the interface", v, reflect.Zero(t))
		if in := v.Elem(); in.Kind() == reflect.Pointer {
			f.find(name, in.UnsafePointer(), in.Type().Elem())
		} else {
			f.copied(name, in, func(c reflect.Value) func() {
				was := reflect.ValueOf(v.Interface())
				v.Set(c)
				return func() { v.Set(was) }
			})
		}
	default:
		f.number(name, p, t)
	}
}

// number adds the change of a number.
func (f *finder) number(name string, p unsafe.Pointer, t reflect.Type) {
	switch t.Size() {
	case 1:
		swap(f, name, p, *(*uint8)(p)^1)
	case 2:
		swap(f, name, p, *(*uint16)(p)^1)
	case 4:
		swap(f, name, p, *(*uint32)(p)^1)
	case 8:
		swap(f, name, p, *(*uint64)(p)^bits.Reverse64(1))
	default:
		panic(fmt.Sprint("every: what is a ", t, "?"))
	}
}

// slice adds the changes of a slice.
func (f *finder) slice(name string, p unsafe.Pointer, t reflect.Type) {
	v := reflect.NewAt(t, p).Elem()
	if v.Len() == 0 {
		return
	}
	f.set(name+", the length", v, v.Slice(0, v.Len()-1))
	n := v.Len()
	if t.Elem().Kind() == reflect.Uint8 {
		n = 1
	}
	for i := range n {
		f.find(name, unsafe.Add(v.UnsafePointer(), uintptr(i)*t.Elem().Size()), t.Elem())
	}
}

// entries adds the changes of a map.
func (f *finder) entries(name string, m reflect.Value) {
	for it := m.MapRange(); it.Next(); {
		k := it.Key()
		was := reflect.New(m.Type().Elem()).Elem()
		was.Set(it.Value())
		f.add(name+", an entry", func() func() {
			m.SetMapIndex(k, reflect.Value{})
			return func() { m.SetMapIndex(k, was) }
		})
		if was.Kind() == reflect.Pointer {
			f.find(name, was.UnsafePointer(), was.Type().Elem())
			continue
		}
		f.copied(name, was, func(c reflect.Value) func() {
			m.SetMapIndex(k, c)
			return func() { m.SetMapIndex(k, was) }
		})
	}
}

// set adds the change of a value to another.
func (f *finder) set(name string, v, to reflect.Value) {
	f.add(name, func() func() {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(to)
		return func() { v.Set(was) }
	})
}

// copied adds the changes of something that must be changed in a copy, which put puts in its
// place.
func (f *finder) copied(name string, v reflect.Value, put func(c reflect.Value) (undo func())) {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	in := finder{met: f.met, found: map[string][]edit{}}
	in.find(name, c.Addr().UnsafePointer(), c.Type())
	for name, list := range in.found {
		for _, one := range list {
			f.add(name, func() func() {
				back := one()
				undo := put(c)
				return func() { undo(); back() }
			})
		}
	}
}
