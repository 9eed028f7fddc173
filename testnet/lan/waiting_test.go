package lan

import "testing"

func TestWaitingIsARing(t *testing.T) {
	var w waiting
	if w.drop(); w.pop().at != 0 || w.count != 0 {
		t.Error("something waits in a new ring")
	}
	pushed, popped := int64(0), int64(0)
	push := func(n int) {
		for range n {
			pushed++
			w.push(pushed, 10, 0)
		}
	}
	for range 3 { // across the end of the ring, several times
		push(maxQueued - w.count)
		if w.count != maxQueued || w.bytes != 10*maxQueued {
			t.Fatalf("%d datagrams of %d bytes wait", w.count, w.bytes)
		}
		w.drop()
		pushed--
		for range maxQueued - 10 {
			if popped++; w.pop().at != popped {
				t.Fatal("out of order")
			}
		}
	}
	if w.count != 9 || w.bytes != 90 {
		t.Errorf("%d datagrams of %d bytes are left", w.count, w.bytes)
	}
}
