package multicast

import "testing"

func TestKernelsThatDamageEqualDatagrams(t *testing.T) {
	for release, want := range map[string]bool{
		"7.0.0": true, "7.0.0-14-generic": true, "7.0.14-pve": true, "7.1.4": true, "7.1": true,
		"7.1.0-rc3": true, "7.0": true, "6.17.0-41-generic": false, "7.1.5": false,
		"7.1.5-arch1-1": false, "7.2.0": false, "7.10.1": false, "8.0.1": false, "17.0.1": false,
		"6.18.44-fc-v595": false, "": false, "7": false, "x.7.0": false, ".7.0": false,
	} {
		if got := damagesEqual(release); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}
