package demo

import (
	"encoding/json"
	"testing"
)

// Each answer costs what it is said to cost, and a seed repeats to the byte.
func TestDemoOverload(t *testing.T) {
	if first, again := demo(t, "overload"), demo(t, "overload"); first != again {
		t.Error("two runs differ")
	}
	var list []overloadResult
	if err := json.Unmarshal([]byte(demo(t, "overload", "--json", "--seed", "3")),
		&list); err != nil || len(list) != 3 {
		t.Fatalf("%d answers, %v", len(list), err)
	}
	drop, buffer, block := list[0], list[1], list[2]
	for _, r := range list {
		if r.Accepted != overloadBurst || r.Slow+r.SlowLost != overloadBurst ||
			r.Quick+r.QuickLost != overloadBurst ||
			r.Memory > overloadResend+2*overloadBuffer || r.Disk > overloadDisk {
			t.Errorf("%+v", r)
		}
	}
	if drop.SlowLost == 0 || drop.SlowLost != drop.Dropped || drop.QuickLost != drop.Dropped ||
		drop.Held > 0 || drop.Disk > 0 {
		t.Errorf("drop: %+v", drop)
	}
	if buffer.SlowLost+buffer.QuickLost > 0 || buffer.Held > 0 || buffer.Disk == 0 {
		t.Errorf("buffer: %+v", buffer)
	}
	if block.SlowLost+block.QuickLost > 0 || block.Held == 0 || block.Disk > 0 ||
		block.SlowWorst > buffer.SlowWorst {
		t.Errorf("block: %+v", block)
	}
}
