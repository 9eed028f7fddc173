package host

import (
	"net/netip"
	"testing"

	"crier/multicast"
)

// A few senders are told apart, and little is kept of each.
func TestTrialIsBounded(t *testing.T) {
	var trial Trial
	for port := range uint16(3 * mostHeard) {
		for range 2 {
			trial.hear(multicast.Packet{From: netip.AddrPortFrom(netip.IPv4Unspecified(), port),
				Data: make([]byte, 2*mostFirst)})
		}
	}
	if len(trial.Heard) != mostHeard {
		t.Fatalf("%d senders are known, want %d", len(trial.Heard), mostHeard)
	}
	if one := trial.Heard[0]; one.Datagrams != 2 || len(one.First) != mostFirst {
		t.Errorf("%d datagrams, %d bytes of the first", one.Datagrams, len(one.First))
	}
}
