//go:build linux

package main

import "testing"

// doctorWays are the ways in which crier doctor ends.
var doctorWays = map[string]func(*testing.T) *tool{
	"it found no problem": func(t *testing.T) *tool {
		return start(t, nil, on(testGroup(t), "doctor")...)
	},
	"it found a problem": func(t *testing.T) *tool {
		return start(t, nil, "doctor", "--iface", "nosuch0")
	},
	"a signal": func(t *testing.T) *tool {
		c := start(t, nil, on(testGroup(t), "doctor")...)
		c.stop()
		return c
	},
	"standard output is a full disk": func(t *testing.T) *tool {
		return startInto(t, openFull(t), nil, on(testGroup(t), "doctor")...)
	},
	"wrong words or values": func(t *testing.T) *tool {
		return start(t, nil, "doctor", "--as", "broker")
	},
}
