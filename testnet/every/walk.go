package every

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// walker hashes what values hold, as far as it can be reached from them: numbers, text,
// and what pointers, slices, maps and interfaces lead to. Where things are in memory doesn't
// count; whether two ways lead to one thing does. Fields on its list are left out.
type walker struct {
	omit  map[string]reason // of "package.Type.Field", or "package.Type"
	value map[reflect.Type]func(w *walker, p unsafe.Pointer)
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

func newWalker(omit map[string]reason) *walker {
	return &walker{omit: omit, plans: map[reflect.Type]plan{},
		marks: map[reflect.Type]*mark{}, found: map[string]bool{},
		value: map[reflect.Type]func(*walker, unsafe.Pointer){}, met: map[place]uint64{}}
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

// seen reports whether what lies at p was walked, and takes which one of its type it was.
func (w *walker) seen(p unsafe.Pointer, t reflect.Type, m *mark) bool {
	k := place{p, t}
	n, ok := w.met[k]
	if !ok {
		m.met++
		w.met[k] = m.met
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
	if fn := w.value[t]; fn != nil {
		return fn
	}
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

func (w *walker) makeStruct(t reflect.Type) plan {
	type field struct {
		name string
		at   uintptr
		plan plan
	}
	var fields []field
	words := func(f reflect.StructField) int { // how many whole words it is, and nothing else
		switch f.Type.Kind() {
		case reflect.Int64, reflect.Uint64, reflect.Float64:
			return 1
		case reflect.Int, reflect.Uint, reflect.Uintptr:
			return int(f.Type.Size() / 8)
		}
		return 0
	}
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		if f.Name == "_" {
			continue
		}
		if name := t.String() + "." + f.Name; w.omit[name] != 0 {
			w.found[name] = true
			fields = append(fields, field{"." + f.Name, f.Offset, leave(name, w.omit[name], f.Type)})
			continue
		}
		n := words(f)
		for n > 0 && i+1 < t.NumField() {
			next := t.Field(i + 1)
			if words(next) == 0 || w.omit[t.String()+"."+next.Name] != 0 ||
				next.Offset != f.Offset+uintptr(n)*8 {
				break
			}
			n++
			i++
		}
		if n > 1 {
			fields = append(fields, field{"." + f.Name, f.Offset, span(n)})
			continue
		}
		fields = append(fields, field{"." + f.Name, f.Offset, w.plan(f.Type)})
	}
	if len(fields) == 0 {
		return func(*walker, unsafe.Pointer) {}
	}
	m := w.mark(t)
	if name := used[t.String()]; name != "" {
		if f, ok := t.FieldByName(name); ok && (f.Type.Kind() == reflect.Bool || f.Type.Kind() == reflect.Pointer) {
			isBool := f.Type.Kind() == reflect.Bool
			whole := func(w *walker, p unsafe.Pointer) {
				for i := range fields {
					fd := &fields[i]
					w.at(fd.name, -1, fd.plan, unsafe.Add(p, fd.at))
				}
			}
			return func(w *walker, p unsafe.Pointer) {
				at := unsafe.Add(p, f.Offset)
				if isBool && !*(*bool)(at) || !isBool && *(*unsafe.Pointer)(at) == nil {
					w.take(0)
				} else if !m.pointed || !w.seen(p, t, m) {
					whole(w, p)
				}
			}
		}
		panic(fmt.Sprintf("every: %v has no field %s", t, name))
	}
	return func(w *walker, p unsafe.Pointer) {
		if m.pointed && w.seen(p, t, m) {
			return
		}
		for i := range fields {
			f := &fields[i]
			if w.note == nil {
				f.plan(w, unsafe.Add(p, f.at))
			} else {
				w.at(f.name, -1, f.plan, unsafe.Add(p, f.at))
			}
		}
	}
}

// leave leaves something out. What is past counts as long as it isn't.
func leave(name string, why reason, t reflect.Type) plan {
	if why == spare {
		return lengths(t)
	}
	return func(w *walker, p unsafe.Pointer) {
		if why == past && *(*int64)(p) > w.now {
			w.take(*(*uint64)(p))
			return
		}
		if w.left != nil {
			w.left(name, why, p, t)
		}
	}
}

// lengths takes how long a slice is, or those of an array.
func lengths(t reflect.Type) plan {
	n, size := 1, uintptr(0)
	if t.Kind() == reflect.Array {
		n, size = t.Len(), t.Elem().Size()
	}
	return func(w *walker, p unsafe.Pointer) {
		for i := range n {
			w.take(uint64(len(*(*[]byte)(unsafe.Add(p, uintptr(i)*size)))))
		}
	}
}

// span takes n words in a row.
func span(n int) plan {
	return func(w *walker, p unsafe.Pointer) {
		for i, x := range unsafe.Slice((*uint64)(p), n) {
			if w.note != nil {
				w.note(fmt.Sprintf("%s+%d", strings.Join(w.path, ""), i), x)
			}
			w.word(x)
		}
	}
}

func (w *walker) makeSlice(t reflect.Type) plan {
	each, size := w.plan(t.Elem()), t.Elem().Size()
	if t.Elem().Kind() == reflect.Uint8 {
		return func(w *walker, p unsafe.Pointer) { w.text(*(*[]byte)(p)) }
	}
	return func(w *walker, p unsafe.Pointer) {
		s := (*struct {
			data     unsafe.Pointer
			len, cap int
		})(p)
		w.take(uint64(s.len))
		if w.note == nil {
			for i := range s.len {
				each(w, unsafe.Add(s.data, uintptr(i)*size))
			}
			return
		}
		for i := range s.len {
			w.at("[%d]", i, each, unsafe.Add(s.data, uintptr(i)*size))
		}
	}
}

// makeMap takes a map's entries in the order of the hashes of its keys, which hold no
// pointers.
func (w *walker) makeMap(t reflect.Type) plan {
	key, each := w.plan(t.Key()), w.plan(t.Elem())
	type entry struct {
		sum   Sum
		value unsafe.Pointer
	}
	return func(w *walker, p unsafe.Pointer) {
		m := reflect.NewAt(t, p).Elem()
		w.take(uint64(m.Len()))
		var list []entry
		for it := m.MapRange(); it.Next(); {
			k, v := reflect.New(t.Key()), reflect.New(t.Elem())
			k.Elem().Set(it.Key())
			v.Elem().Set(it.Value())
			one := walker{plans: w.plans, marks: map[reflect.Type]*mark{}, found: w.found, omit: w.omit, value: w.value,
				met: map[place]uint64{}, mixer: newMixer()}
			key(&one, k.UnsafePointer())
			w.keep = append(w.keep, v.UnsafePointer())
			list = append(list, entry{one.sum(), v.UnsafePointer()})
		}
		slices.SortFunc(list, func(a, b entry) int { return slices.Compare(a.sum[:], b.sum[:]) })
		for i, e := range list {
			w.take(e.sum[0])
			w.take(e.sum[1])
			w.at("[%d]", i, each, e.value)
		}
	}
}
