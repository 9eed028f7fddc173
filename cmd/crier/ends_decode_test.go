//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"

	"crier/cmd/crier/decode/decodetest"
)

// decodeWays are the ways in which crier decode ends.
var decodeWays = map[string]func(*testing.T) *tool{
	"all frames are decoded": func(t *testing.T) *tool {
		return start(t, nil, "decode", exampleCapture(t, nil))
	},
	"`--count` is reached": func(t *testing.T) *tool {
		return start(t, nil, "decode", "--count", "1", exampleCapture(t, nil))
	},
	"a frame is damaged": func(t *testing.T) *tool {
		return start(t, nil, "decode", exampleCapture(t, func(b []byte) []byte {
			b[len(b)-1]++
			return b
		}))
	},
	"the capture has no frame": func(t *testing.T) *tool {
		return start(t, nil, "decode", exampleCapture(t, func([]byte) []byte {
			return []byte("a datagram of another program")
		}))
	},
	"the capture is cut off": func(t *testing.T) *tool {
		path := exampleCapture(t, nil)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content[:len(content)-4], 0o600); err != nil {
			t.Fatal(err)
		}
		return start(t, nil, "decode", path)
	},
	"there is no such file": func(t *testing.T) *tool {
		return start(t, nil, "decode", filepath.Join(t.TempDir(), "x.pcap"))
	},
	"standard output is a full disk": func(t *testing.T) *tool {
		return startInto(t, openFull(t), nil, "decode", exampleCapture(t, nil))
	},
	"wrong words or values": func(t *testing.T) *tool { return start(t, nil, "decode") },
}

// exampleCapture is a capture of a DATA frame, which change may have changed.
func exampleCapture(t *testing.T, change func([]byte) []byte) string {
	t.Helper()
	b := decodetest.Examples(t)[0].Packet
	if change != nil {
		b = change(b)
	}
	return decodetest.Capture(t, b)
}
