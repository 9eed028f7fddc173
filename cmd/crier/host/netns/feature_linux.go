package netns

import (
	"fmt"

	"github.com/safchain/ethtool"
)

// segmentFeature is the kernel's name for an interface's part in UDP_SEGMENT, and
// mergeFeatures for what merges datagrams of a group as it receives them.
const segmentFeature = "tx-udp-segmentation"

var (
	mergeFeatures = []string{"rx-gro", "rx-udp-gro-forwarding"}
	tcpFeatures   = []string{
		"tx-tcp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation",
		"tx-tcp6-segmentation",
	}
)

// SetFeatures turns features of an interface of this thread's namespace on or off, by the
// kernel's names for them.
func SetFeatures(iface string, features map[string]bool) error {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return err
	}
	defer e.Close()
	if err := e.Change(iface, features); err != nil {
		return fmt.Errorf("setting %v of %s: %w", features, iface, err)
	}
	return nil
}
