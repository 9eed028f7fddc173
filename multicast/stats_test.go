package multicast

import "testing"

// Counters add up; of what describes a socket the least that is known remains.
func TestConnStatsAdd(t *testing.T) {
	s := ConnStats{MTU: 1500, ReadBuffer: 8, Received: 1, KernelDrops: 2}
	s.Add(&ConnStats{MTU: 9000, WriteBuffer: 3, Received: 4, Rejoins: 1})
	want := ConnStats{MTU: 1500, ReadBuffer: 8, WriteBuffer: 3, Received: 5, KernelDrops: 2,
		Rejoins: 1}
	if s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
}
