package echo

import (
	"net/netip"
	"strings"
	"testing"

	"crier/cmd/crier/check"
)

// A loss is told by where it happened, as far as the kernel's counters say.
func TestLossPlaces(t *testing.T) {
	for _, c := range []struct {
		name  string
		loss  loss
		state check.State
		words string
	}{
		{"none", loss{sent: 40_000, received: 40_000}, check.OK,
			"0 % lost: all of 40,000"},
		{"unknown", loss{sent: 40_000, received: 39_600}, check.Problem, "ethtool -S eth0"},
		{"on the way", loss{sent: 40_000, received: 39_600,
			kernel: map[string]uint64{rxPackets: 39_650}}, check.Problem, "ethtool -S eth0"},
		{"within the host", loss{sent: 40_000, received: 39_600,
			kernel: map[string]uint64{rxPackets: 40_050}}, check.Problem,
			"all reached eth0, and the kernel dropped them"},
		{"with much else", loss{sent: 40_000, received: 39_600,
			kernel: map[string]uint64{rxPackets: 60_000}}, check.Problem,
			"1 % lost: 39,600 of 40,000"},
		{"at a full buffer", loss{sent: 40_000, received: 39_600, drops: 400,
			kernel: map[string]uint64{rxPackets: 40_050}}, check.Note, "rmem_max"},
	} {
		f := &figures{cfg: Config{Place: Place{Group: netip.MustParseAddrPort("239.1.1.1:7700")}}}
		v := &verdicts{}
		f.judgeLoss(v, nameTo, c.loss, "", "eth0")
		got := v.list[0]
		if got.State != c.state || !strings.Contains(got.Evidence+got.Mend, c.words) {
			t.Errorf("%s: %v, %s; %s", c.name, got.State, got.Evidence, got.Mend)
		}
	}
}
