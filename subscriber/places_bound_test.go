package subscriber

import (
	"testing"

	"crier/reliable"
)

// However many sessions begin, the memory for their places is bounded, and the position of one
// that has delivered messages stays.
func TestPlacesOfSessionsThatOnlyBegin(t *testing.T) {
	p := newPlaces(&Config{Offsets: FileOffsets(t.TempDir() + "/state")}, []Position{{Session: 1,
		Offset: 7}}, nil)
	for id := range uint64(10 * maxPlaces) {
		p.deliver(&Event{Kind: SessionNew, Session: reliable.SessionID(2 + id)})
	}
	if n := len(p.known); n > 2*maxPlaces {
		t.Errorf("%d places are kept", n)
	}
	if at := p.positions(); len(at) != 1 || at[0].Offset != 7 {
		t.Errorf("%+v", at)
	}
}
