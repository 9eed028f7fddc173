package rig

import (
	"fmt"
	"iter"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crier/reliable"
)

// CheckCounters wants each number and each bool of an S in the table once, and each row of
// the table well formed. A field of a type in except, or with a path in it, needs no row.
func CheckCounters[S any](t *testing.T, table reliable.Table[S], except ...any) {
	t.Helper()
	names := map[string]bool{}
	wellFormed := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	for _, row := range table {
		if names[row.Name] || !wellFormed.MatchString(row.Name) {
			t.Errorf("the name %q is given twice, or is none", row.Name)
		}
		names[row.Name] = true
		want := row.Unit.One()
		switch {
		case row.Kind == reliable.Flag:
			want = "whether"
		case row.Unit == reliable.Nanoseconds:
			want = "time"
		}
		if !strings.HasPrefix(row.Help, want) || strings.HasSuffix(row.Help, ".") {
			t.Errorf("%s: the help %q doesn't begin with %q, or ends with a period", row.Name,
				row.Help, want)
		}
		if (row.Unit == "") != (row.Kind == reliable.Flag) ||
			(row.Unit == reliable.Nanoseconds) != strings.HasSuffix(row.Name, "_ns") {
			t.Errorf("%s: its unit, %q, doesn't fit", row.Name, row.Unit)
		}
	}
	for _, f := range CounterFields(t, table.All, except...) {
		delete(names, f.Name)
	}
	for name := range names {
		t.Errorf("%s is no field's", name)
	}
}

// A CounterField is a counter and the field that it counts in, such as Stats.Frames.
type CounterField struct {
	reliable.Counter
	Field string
}

// CounterFields sets one number or bool of an S at a time, and returns the counter that
// changes with it, of those that all returns. It wants exactly one. A field of a type in
// except, or with a path in it such as "Stats.Frames", is left out.
func CounterFields[S any](t *testing.T, all func(*S) iter.Seq2[reliable.Counter, uint64],
	except ...any) (fields []CounterField) {
	t.Helper()
	var none []uint64
	for _, n := range all(new(S)) {
		none = append(none, n)
	}
	var walk func(path string, at func(*S) reflect.Value)
	walk = func(path string, at func(*S) reflect.Value) {
		s := new(S)
		v := at(s)
		if slices.ContainsFunc(except, func(e any) bool {
			return e == any(path) || v.Type() == reflect.TypeOf(e)
		}) {
			return
		}
		switch {
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(path+"."+v.Type().Field(i).Name,
						func(s *S) reflect.Value { return at(s).Field(i) })
				}
			}
			return
		case v.Kind() == reflect.Array:
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", path, i),
					func(s *S) reflect.Value { return at(s).Index(i) })
			}
			return
		case v.Kind() == reflect.Slice:
			walk(path+"[]", func(s *S) reflect.Value {
				list := at(s)
				if list.Len() == 0 {
					list.Set(reflect.MakeSlice(list.Type(), 1, 1))
				}
				return list.Index(0)
			})
			return
		case v.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.CanInt():
			v.SetInt(7)
		case v.CanUint():
			v.SetUint(7)
		default:
			return
		}
		var changed []reliable.Counter
		i := 0
		for c, n := range all(s) {
			if n != none[i] {
				changed = append(changed, c)
			}
			i++
		}
		if len(changed) != 1 {
			t.Errorf("%s changes %d counters, not one", path, len(changed))
			return
		}
		fields = append(fields, CounterField{changed[0], path})
	}
	name := reflect.TypeFor[S]().Name()
	walk(name, func(s *S) reflect.Value { return reflect.ValueOf(s).Elem() })
	return fields
}
