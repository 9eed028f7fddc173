package reliable

import (
	"encoding/json"
	"math"
	"testing"
)

func TestBitRate(t *testing.T) {
	for text, want := range map[string]BitRate{
		"0": 0, "1bit": 1, "12kbit": 12_000, "1.5Gbit": 1_500_000_000, "100Mbit": 100 * Mbit,
		"8Tbit": 8 * Tbit, "134.217728Mbit": 134_217_728, "524.056kbit": 524_056,
	} {
		r := BitRate(77)
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want {
			t.Errorf("%s is read as %d, %v", text, uint64(r), err)
		}
		if r.String() != text {
			t.Errorf("%s is written as %v", text, r)
		}
		b, err := json.Marshal(want)
		if string(b) != `"`+text+`"` || err != nil {
			t.Errorf("%s is %s in JSON, %v", text, b, err)
		}
		r = 77
		if err := json.Unmarshal(b, &r); err != nil || r != want {
			t.Errorf("%s is read as %v from JSON, %v", b, r, err)
		}
	}
	for text, want := range map[string]BitRate{"100mbit/s": 100 * Mbit, "1000 kbit": Mbit} {
		var r BitRate
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want {
			t.Errorf("%s is read as %v, %v", text, r, err)
		}
	}
	for _, text := range []string{
		"", "bit", "100", "100MB", "-1kbit", "NaNbit", "1e30bit", "x1bit",
	} {
		var r BitRate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, r)
		}
	}
	for r, want := range map[BitRate]uint64{
		0: 0, 1: 1, 8: 1, 9: 2, 16: 2, math.MaxUint64: 1 << 61,
	} {
		if got := r.Bytes(); got != want {
			t.Errorf("%d bits are %d bytes, not %d", uint64(r), got, want)
		}
	}
}
