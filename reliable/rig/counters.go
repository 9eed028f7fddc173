package rig

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crier/reliable"
)

// CheckCounters wants each number and each bool of an S in the table once, and each row of
// the table well formed. A field of a type in except is no counter.
func CheckCounters[S any](t *testing.T, table reliable.Table[S], except ...any) {
	t.Helper()
	names := map[string]bool{}
	wellFormed := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	for _, row := range table {
		if names[row.Name] || !wellFormed.MatchString(row.Name) {
			t.Errorf("the name %q is given twice, or is none", row.Name)
		}
		names[row.Name] = true
		want := map[reliable.Unit]string{
			reliable.Truth: "whether", reliable.Nanoseconds: "time",
		}[row.Unit]
		if want == "" {
			want = row.Unit.One()
		}
		if !strings.HasPrefix(row.Help, want) || strings.HasSuffix(row.Help, ".") {
			t.Errorf("%s: the help %q doesn't begin with %q, or ends with a period", row.Name,
				row.Help, want)
		}
		if (row.Unit == reliable.Truth) != (row.Kind == reliable.Flag) ||
			(row.Unit == reliable.Nanoseconds) != strings.HasSuffix(row.Name, "_ns") {
			t.Errorf("%s: its unit, %s, doesn't fit", row.Name, row.Unit)
		}
	}
	values := func(s *S) (list []uint64) {
		for _, v := range table.All(s) {
			list = append(list, v)
		}
		return list
	}
	none := values(new(S))
	set := make([]int, len(table))
	var walk func(path string, at func(*S) reflect.Value)
	walk = func(path string, at func(*S) reflect.Value) {
		s := new(S)
		v := at(s)
		if slices.ContainsFunc(except, func(e any) bool { return v.Type() == reflect.TypeOf(e) }) {
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
				walk(path, func(s *S) reflect.Value { return at(s).Index(i) })
			}
			return
		case v.Kind() == reflect.Slice:
			walk(path, func(s *S) reflect.Value {
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
		var changed []int
		for i, n := range values(s) {
			if n != none[i] {
				changed = append(changed, i)
			}
		}
		if len(changed) != 1 {
			t.Errorf("%s changes %d counters, not one", path, len(changed))
			return
		}
		set[changed[0]]++
	}
	walk("Stats", func(s *S) reflect.Value { return reflect.ValueOf(s).Elem() })
	for i, n := range set {
		if n == 0 {
			t.Errorf("%s is no field's", table[i].Name)
		}
	}
}
