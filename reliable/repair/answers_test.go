package repair

import (
	"testing"

	"crier/nack"
	"crier/reliable/rig"
)

// Many NACKs in vain take little room until they are answered in one GONE.
func TestGoneForManyNacksIsSmall(t *testing.T) {
	var a answers
	var ranges []nack.Range
	for i := range uint64(32000) {
		ranges = append(ranges, nack.Range{From: 2 * i, To: 2*i + 1})
	}
	for range 300 {
		a.gone(rig.SubscriberAddr, 9, ranges)
	}
	if n := len(a.list); n != 1 || cap(a.list[0].gone) > maxGone {
		t.Errorf("%d answers wait, the first with room for %d ranges", n, cap(a.list[0].gone))
	}
}
