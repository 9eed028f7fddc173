package pub

import (
	"context"
	"net/netip"
	"path/filepath"
	"sync/atomic"
	"testing"

	"crier/cmd/crier/cli/clitest"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/pace"
	"crier/multicast"
	"crier/publisher"
	"crier/reliable/frame"
)

// watchedNetwork calls see with each DATA frame before the kernel has it.
type watchedNetwork struct {
	multicast.Network
	see func(*frame.Frame)
}

type watchedConn struct {
	multicast.Conn
	see func(*frame.Frame)
}

func (n watchedNetwork) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	c, err := n.Network.Socket(cfg)
	return &watchedConn{c, n.see}, err
}

func (c *watchedConn) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	var dec frame.Decoder
	var f frame.Frame
	for at := 0; at < len(b); at += segment {
		if dec.Decode(b[at:min(at+segment, len(b))], &f) == nil && f.Kind == frame.Data {
			c.see(&f)
		}
	}
	return c.Conn.Write(to, b, segment)
}

// At no time, and so whenever the process is killed, does the file of --accepted have
// fewer messages than a subscriber may have, or more as sent than were.
func TestAcceptedIsNeverBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accepted")
	marks, err := openWatermarks(path)
	if err != nil {
		t.Fatal(err)
	}
	defer marks.close()
	var seen, short, early atomic.Uint64
	network := watchedNetwork{multicast.Kernel, func(f *frame.Frame) {
		accepted, sent, err := ReadWatermarks(path)
		if err != nil || accepted <= f.Offset {
			short.Add(1)
		}
		if sent > f.Offset {
			early.Add(1)
		}
		seen.Add(1)
	}}
	p, err := publisher.New(publisher.Config{Group: netip.MustParseAddrPort(clitest.Group(t)),
		Link: publisher.Link{Network: network}})
	if err != nil {
		t.Fatal(err)
	}
	const count = 200
	o := &options{count: count}
	timer, err := network.Timer()
	if err != nil {
		t.Fatal(err)
	}
	defer timer.Close()
	if _, err := o.publish(context.Background(), o.newSpread(p),
		feed.NewSynth(feed.SynthOptions{Size: 64, Seed: 1}), pace.New(pace.Options{Rate: 5000}, timer),
		marks); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if seen.Load() == 0 || short.Load() > 0 || early.Load() > 0 {
		t.Errorf("of %d frames %d went out before their message was counted, %d after it had "+
			"been counted as sent", seen.Load(), short.Load(), early.Load())
	}
	if accepted, _, err := ReadWatermarks(path); accepted != count || err != nil {
		t.Errorf("%d accepted, %v", accepted, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p.Shutdown(ctx)
}
