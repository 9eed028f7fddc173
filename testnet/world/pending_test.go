package world

import (
	"reflect"
	"slices"
	"testing"
	"unsafe"
)

// TestPendingTellsAll changes each field of what is scheduled: Pending tells of it. Who hashes the
// state of a World relies on that.
func TestPendingTellsAll(t *testing.T) {
	w := New(Config{})
	near, far := new(Datagram), new(Datagram)
	w.push(1, eventArrive, 0, near)
	w.beginFanout(far)
	w.land(2, &Subscriber{index: 3}, far)
	w.land(4, &Subscriber{index: 5}, far)
	w.finishFanout()
	before := w.Pending(nil)
	if len(before) != 3 {
		t.Fatalf("%d things are scheduled, want 3", len(before))
	}
	one := &w.fanouts.list[0]
	for _, v := range []reflect.Value{
		reflect.ValueOf(&w.queue.Next().What), reflect.ValueOf(one), reflect.ValueOf(&one.hops[1]),
	} {
		for i := range v.Elem().NumField() {
			f := v.Elem().Field(i)
			f = reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
			was := reflect.New(f.Type()).Elem()
			was.Set(f)
			switch f.Kind() {
			case reflect.Pointer:
				f.Set(reflect.New(f.Type().Elem()))
			case reflect.Slice:
				f.Set(f.Slice(0, 1))
			case reflect.Int, reflect.Int64:
				f.SetInt(f.Int() + 1)
			default:
				f.SetUint(f.Uint() + 1)
			}
			if slices.Equal(w.Pending(nil), before) {
				t.Errorf("Pending doesn't tell of %v.%s", v.Elem().Type(),
					v.Elem().Type().Field(i).Name)
			}
			f.Set(was)
		}
	}
}
