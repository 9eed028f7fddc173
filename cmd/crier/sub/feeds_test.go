package sub

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/subscriber"
)

// A session that came by several feeds has a line for each, called as it was given.
func TestFeedsOfSummary(t *testing.T) {
	from := netip.MustParseAddrPort("10.77.0.1:7701")
	feeds := feedsOf([]subscriber.FeedStats{
		{Feed: 0, Source: from, Frames: 2000, First: 1500, Filled: 3, Lost: 12,
			SkewP50: 3 * time.Microsecond, SkewP99: 90 * time.Microsecond},
		{Feed: 1, Down: true},
	}, []subscriber.Feed{{Interface: "eth0"}, {Interface: "eth1"}})
	b := &sessionText{}
	one := &SessionSummary{Feeds: feeds}
	b.feeds(one)
	const want = `  feed @eth0: 1,500 first, 3 filled, lost 12; skew p50 3 µs, p99 90 µs
  feed @eth1: 0 first, 0 filled, lost 0; silent
`
	if b.String() != want {
		t.Errorf("%s", b)
	}
	text, err := json.Marshal(*one)
	if err != nil || !strings.Contains(string(text), `"feeds":[{"feed":0,`+
		`"source":"10.77.0.1:7701","frames":2000,"first":1500,"filled":3,"lost":12,`+
		`"skew_p50_ns":3000,"skew_p99_ns":90000},{"feed":1,`) {
		t.Errorf("%s, %v", text, err)
	}
	if text, _ := json.Marshal(SessionSummary{}); strings.Contains(string(text), "feeds") {
		t.Errorf("%s", text)
	}
}
