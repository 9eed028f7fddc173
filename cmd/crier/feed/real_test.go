package feed

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"crier/cmd/crier/feed/feedtest"
)

// shape is what a recorded feed is known to have.
type shape struct {
	records  int
	shortest int
	longest  int
	span     time.Duration // rounded to seconds
}

func shapeOf(t *testing.T, opts Options, each func(Record)) shape {
	t.Helper()
	f, err := Open(opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := shape{shortest: MaxMessage}
	var last time.Duration
	for {
		r, err := f.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.At < last {
			t.Fatalf("record %d is at %v, behind %v", s.records, r.At, last)
		}
		last = r.At
		s.records++
		s.shortest, s.longest = min(s.shortest, len(r.Payload)), max(s.longest, len(r.Payload))
		if each != nil {
			each(r)
		}
	}
	if w := f.Warnings(); len(w) > 0 {
		t.Errorf("warnings: %q", w)
	}
	s.span = last.Round(time.Second)
	return s
}

func TestRecordedIEX(t *testing.T) {
	for _, c := range []struct {
		file             string
		datagrams, inner shape
		heartbeats       int
	}{
		{"iex-deep-20231002-first5000pkts.pcap.gz", shape{5000, 40, 1466, 1558e9},
			shape{48325, 10, 38, 1557e9}, 1264},
		{"iex-tops16-20170710-sample.pcapng.gz", shape{13022, 40, 1459, 400e9},
			shape{57674, 10, 80, 376e9}, 237},
	} {
		t.Run(c.file, func(t *testing.T) {
			path := feedtest.Recorded(t, c.file)
			next, heartbeats, bytesInside := uint64(1), 0, 0
			got := shapeOf(t, Options{From: path, Format: "pcap"}, func(r Record) {
				e, rest, err := openIEXTP(r.Payload)
				if err != nil || len(rest) > 0 {
					t.Fatal(err)
				}
				if e.sequence != next {
					t.Fatalf("sequence number %d where %d is due", e.sequence, next)
				}
				next += uint64(e.count)
				bytesInside += len(e.body) - 2*e.count
				if e.count == 0 {
					heartbeats++
				}
			})
			if got != c.datagrams || heartbeats != c.heartbeats {
				t.Errorf("datagrams: %+v, %d heartbeats; want %+v, %d", got, heartbeats,
					c.datagrams, c.heartbeats)
			}
			got = shapeOf(t, Options{From: path, Format: "pcap", Split: "iextp"},
				func(r Record) { bytesInside -= len(r.Payload) })
			if got != c.inner || bytesInside != 0 {
				t.Errorf("messages: %+v, %d bytes missing; want %+v", got, bytesInside, c.inner)
			}
		})
	}
}

// In the depth stream each pu is the u of the update before it.
func TestRecordedBinance(t *testing.T) {
	path := feedtest.Recorded(t, "binance-usdm-btcusdt-20240808.raw.gz")
	large, updates, last := 0, 0, uint64(0)
	got := shapeOf(t, Options{From: path, Format: "timed"}, func(r Record) {
		if len(r.Payload) > 1400 {
			large++
		}
		if !bytes.Contains(r.Payload, []byte(`"depthUpdate"`)) {
			return
		}
		var m struct{ Data struct{ U, Pu uint64 } }
		// Only the two numbers: "U" is another one than "u".
		at := bytes.Index(r.Payload, []byte(`"u":`))
		if err := json.Unmarshal([]byte(`{"Data":{`+
			string(r.Payload[at:bytes.Index(r.Payload, []byte(`,"b":`))])+`}}`), &m); err != nil {
			t.Fatal(err)
		}
		if updates > 0 && m.Data.Pu != last {
			t.Fatalf("depth update %d follows %d, not %d", m.Data.U, m.Data.Pu, last)
		}
		updates, last = updates+1, m.Data.U
	})
	if want := (shape{93954, 161, 42092, 345e9}); got != want || large != 1742 || updates != 6551 {
		t.Errorf("%+v, %d over 1,400 B, %d depth updates; want %+v, 1742, 6551", got, large,
			updates, want)
	}
}
