package send

import (
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// leaves is the last word of a subscriber.
func (p *paced) leaves(id, position uint64) {
	from := rig.SubscriberAddr
	if m := p.members.byID[id]; m != nil {
		from = m.addr
	}
	p.Handle(p.now, from, &frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: id,
		Position: position, Flags: frame.Leaving})
}

// Departed subscribers are remembered up to a bound, those that lack something the
// longest.
func TestDepartedAreBounded(t *testing.T) {
	var d departed
	d.add(departedMember{Member: reliable.Member{ID: 1, Lacks: true}})
	for id := uint64(2); id < 2*maxDeparted; id++ {
		d.add(departedMember{Member: reliable.Member{ID: id}})
	}
	if len(d.rows) != maxDeparted || d.rows[0].ID != 1 || d.lacking != 0 {
		t.Errorf("%d rows, the first of %d, %d forgotten", len(d.rows), d.rows[0].ID, d.lacking)
	}
	for id := range uint64(maxDeparted) {
		d.add(departedMember{Member: reliable.Member{ID: 1000 + id, Lacks: true}})
	}
	if len(d.rows) != maxDeparted || d.lacking != 1 {
		t.Errorf("%d rows, %d forgotten that lack something", len(d.rows), d.lacking)
	}
}
