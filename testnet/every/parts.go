package every

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// How the walker takes what has parts: structs, slices and maps.

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
			fields = append(fields, field{"." + f.Name, f.Offset,
				leave(name, w.omit[name], f.Type)})
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
	m, alike := w.mark(t), w.alike[t.String()]
	flagged, unused := used[t.String()] != "", unusedIn(t)
	return func(w *walker, p unsafe.Pointer) {
		if flagged {
			no := unused(p)
			w.take(bit(!no))
			if no {
				return
			}
		}
		if m.pointed && !alike && w.seen(p, t, m) {
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

// unusedIn returns the function that reports whether a field of a struct says that the others mean
// nothing; see used.
func unusedIn(t reflect.Type) func(unsafe.Pointer) bool {
	name := used[t.String()]
	if name == "" {
		return func(unsafe.Pointer) bool { return false }
	}
	switch f, _ := t.FieldByName(name); {
	case f.Type == nil:
	case f.Type.Kind() == reflect.Bool:
		return func(p unsafe.Pointer) bool { return !*(*bool)(unsafe.Add(p, f.Offset)) }
	case f.Type.Kind() == reflect.Pointer:
		return func(p unsafe.Pointer) bool {
			return *(*unsafe.Pointer)(unsafe.Add(p, f.Offset)) == nil
		}
	}
	panic(fmt.Sprintf("every: %v has no flag or pointer %s", t, name))
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
			one := walker{plans: w.plans, marks: map[reflect.Type]*mark{}, found: w.found,
				omit: w.omit, alike: w.alike, met: map[place]uint64{}, mixer: newMixer()}
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
