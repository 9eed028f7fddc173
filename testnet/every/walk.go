package every

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"
)

// walker hashes what values hold, as far as it can be reached from them: numbers, text,
// and what pointers, slices, maps and interfaces lead to. Where things are in memory doesn't
// count; whether two ways lead to one thing does. Fields on its list are left out.
type walker struct {
	omit  map[string]reason // of "package.Type.Field", or "package.Type"
	alike map[string]bool   // of "package.Type"
	plans map[reflect.Type]plan

	marks map[reflect.Type]*mark
	found map[string]bool // what there is of omit

	mixer
	met  map[place]uint64
	keep []unsafe.Pointer // copies, whose places must not be taken by others
	path []string         // where it is, if it keeps notes
	note func(path string, x uint64)
	// left, if set, is told of what is left out.
	left func(name string, why reason, p unsafe.Pointer, t reflect.Type)
	now  int64
	// blind says that there is a function, which may hold anything.
	blind bool
	anew  bool // a type was marked: what was walked before may have been taken otherwise
}

// plan takes what lies at an address.
type plan func(w *walker, p unsafe.Pointer)

// place is where something of a type lies.
type place struct {
	at unsafe.Pointer
	t  reflect.Type
}

func newWalker(omit map[string]reason, alike map[string]bool) *walker {
	return &walker{omit: omit, alike: alike, plans: map[reflect.Type]plan{},
		marks: map[reflect.Type]*mark{}, found: map[string]bool{}, met: map[place]uint64{}}
}

// begin forgets all that was walked.
func (w *walker) begin() {
	w.mixer = newMixer()
	w.blind = false
	clear(w.met)
	for _, m := range w.marks {
		m.met = 0
	}
	clear(w.keep)
	w.keep = w.keep[:0]
}

// walk takes what v, a pointer, leads to.
func (w *walker) walk(v any) {
	val := reflect.ValueOf(v)
	p := val.UnsafePointer()
	w.pointer(p, val.Type().Elem())
}

// pointer takes what lies at p: the first time its content, then that it is the same.
func (w *walker) pointer(p unsafe.Pointer, t reflect.Type) {
	if p == nil {
		w.take(0)
		return
	}
	w.take(1)
	w.point(t)
	w.plan(t)(w, p)
}

// mark returns what is known of a type.
func (w *walker) mark(t reflect.Type) *mark {
	if w.marks[t] == nil {
		w.marks[t] = new(mark)
	}
	return w.marks[t]
}

// point notes that pointers lead to things of a type.
func (w *walker) point(t reflect.Type) {
	if m := w.mark(t); !m.pointed {
		m.pointed, w.anew = true, true
	}
}

// take takes a word, and notes it.
func (w *walker) take(x uint64) {
	if w.note != nil {
		w.note(strings.Join(w.path, ""), x)
	}
	w.word(x)
}

// mark is what is known of a type: whether pointers lead to things of it, and how many were met.
// Only then do they have numbers, each type's own: a type that comes later changes none.
type mark struct {
	pointed bool
	met     uint64
}

// seen reports whether what lies at p was walked, and takes which one of its type it was: 0 if
// it wasn't, so that what follows is taken for its content.
func (w *walker) seen(p unsafe.Pointer, t reflect.Type, m *mark) bool {
	k := place{p, t}
	n, ok := w.met[k]
	if !ok {
		m.met++
		w.met[k] = m.met
		w.take(0)
		return false
	}
	w.take(n)
	return true
}

// plan returns how things of a type are taken.
func (w *walker) plan(t reflect.Type) plan {
	if p := w.plans[t]; p != nil {
		return p
	}
	w.plans[t] = func(w *walker, at unsafe.Pointer) { w.plans[t](w, at) } // in a circle
	p := w.make(t)
	w.plans[t] = p
	return p
}

func (w *walker) make(t reflect.Type) plan {
	if why := w.omit[t.String()]; why != 0 {
		w.found[t.String()] = true
		return leave(t.String(), why, t)
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		return func(w *walker, p unsafe.Pointer) { w.take(uint64(*(*uint8)(p))) }
	case reflect.Int16, reflect.Uint16:
		return func(w *walker, p unsafe.Pointer) { w.take(uint64(*(*uint16)(p))) }
	case reflect.Int32, reflect.Uint32, reflect.Float32:
		return func(w *walker, p unsafe.Pointer) { w.take(uint64(*(*uint32)(p))) }
	case reflect.Int64, reflect.Uint64, reflect.Float64:
		return func(w *walker, p unsafe.Pointer) { w.take(*(*uint64)(p)) }
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return func(w *walker, p unsafe.Pointer) { w.take(uint64(*(*uint)(p))) }
	case reflect.String:
		return func(w *walker, p unsafe.Pointer) {
			s := *(*string)(p)
			w.text(unsafe.Slice(unsafe.StringData(s), len(s)))
		}
	case reflect.Struct:
		return w.makeStruct(t)
	case reflect.Array:
		each, size, n := w.plan(t.Elem()), t.Elem().Size(), t.Len()
		if t.Elem().Kind() == reflect.Uint8 {
			return func(w *walker, p unsafe.Pointer) { w.text(unsafe.Slice((*byte)(p), n)) }
		}
		return func(w *walker, p unsafe.Pointer) {
			for i := range n {
				w.at("[%d]", i, each, unsafe.Add(p, uintptr(i)*size))
			}
		}
	case reflect.Slice:
		return w.makeSlice(t)
	case reflect.Pointer:
		to := t.Elem()
		w.point(to)
		m := w.mark(to)
		var next plan
		return func(w *walker, p unsafe.Pointer) {
			if next == nil {
				next = w.plan(to)
			}
			at := *(*unsafe.Pointer)(p)
			if at == nil {
				w.take(0)
				return
			}
			w.take(1)
			if to.Kind() == reflect.Struct { // which says itself whether it was met
				next(w, at)
			} else if !w.seen(at, to, m) {
				next(w, at)
			}
		}
	case reflect.Map:
		return w.makeMap(t)
	case reflect.Interface:
		return func(w *walker, p unsafe.Pointer) {
			v := reflect.NewAt(t, p).Elem()
			if v.IsNil() {
				w.take(0)
				return
			}
			v = v.Elem()
			name := v.Type().String()
			w.text(unsafe.Slice(unsafe.StringData(name), len(name)))
			if v.Kind() == reflect.Pointer {
				if at := v.UnsafePointer(); at == nil {
					w.take(0)
				} else {
					w.pointer(at, v.Type().Elem())
				}
				return
			}
			c := reflect.New(v.Type())
			c.Elem().Set(v)
			w.keep = append(w.keep, c.UnsafePointer())
			w.plan(v.Type())(w, c.UnsafePointer())
		}
	case reflect.Func:
		return func(w *walker, p unsafe.Pointer) {
			w.take(bit(*(*unsafe.Pointer)(p) != nil))
			w.blind = w.blind || *(*unsafe.Pointer)(p) != nil
		}
	}
	panic(fmt.Sprintf("every: a %v can't be hashed: list what has it among omitted", t))
}

// text takes bytes.
func (w *walker) text(p []byte) {
	if w.note != nil {
		w.note(strings.Join(w.path, ""), uint64(len(p)))
		m := newMixer()
		m.bytes(p)
		w.note(strings.Join(w.path, "")+" bytes", m.sum()[0])
	}
	w.bytes(p)
}

// at takes a part of something.
func (w *walker) at(name string, i int, each plan, p unsafe.Pointer) {
	if w.note == nil {
		each(w, p)
		return
	}
	if i >= 0 {
		name = fmt.Sprintf(name, i)
	}
	w.path = append(w.path, name)
	each(w, p)
	w.path = w.path[:len(w.path)-1]
}
