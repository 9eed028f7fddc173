package publisher_test

import (
	"net/netip"
	"testing"

	"crier/publisher"
)

// BenchmarkRecord publishes over the loopback interface without and with a log of the
// Publisher's own, which lacks so many of a thousand frames.
func BenchmarkRecord(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"64B", 64}, {"1KiB", 1024}} {
		for _, way := range []string{"without", "with", "wait"} {
			b.Run(size.name+"/"+way, func(b *testing.B) {
				cfg := publisher.Config{Group: netip.MustParseAddrPort("239.77.9.9:7799")}
				if way != "without" {
					cfg.Record = publisher.Record{Dir: b.TempDir(), Wait: way == "wait",
						Keep: publisher.Keep{Bytes: 1 << 30}}
				}
				p, err := publisher.New(cfg)
				if err != nil {
					b.Skip(err)
				}
				message := make([]byte, size.bytes)
				b.SetBytes(int64(size.bytes))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := p.Publish(b.Context(), message); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				st := p.Stats()
				b.ReportMetric(1000*float64(st.Disk.Missed)/float64(st.Frames), "missed/1000")
				if err := p.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
