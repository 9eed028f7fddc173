package trouble

import (
	"context"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/host"
)

// A Host looks on this machine for what may keep a command's datagrams away.
type Host struct {
	roots  host.Roots
	before host.Counters
}

// NewHost begins to look, as to what the kernel counts from now on.
func NewHost(iface string) *Host {
	roots := host.Live()
	return &Host{roots: roots, before: roots.Counters(iface)}
}

// hostTime bounds a look, which asks the firewall's own command for its rules.
const hostTime = 2 * time.Second

// marks are those of a check's states.
var marks = map[check.State]Mark{
	check.OK: RuledOut, check.Note: Note, check.Problem: Cause, check.Unknown: Unknown,
}

// Findings returns what the checks on this machine found.
func (h *Host) Findings(q check.Question) (list []Finding) {
	ctx, cancel := context.WithTimeout(context.Background(), hostTime)
	defer cancel()
	facts := h.roots.Waiting(ctx, q.About(), h.before)
	checks := check.Waiting(facts, q)
	if q.Role == check.Subscriber {
		checks = append(checks, check.Unclaimed(facts, q))
	}
	for _, c := range checks {
		list = append(list, Finding{Mark: marks[c.State], Name: c.Name, Text: c.Evidence,
			Fix: c.Mend})
	}
	return list
}
