package main

import (
	"crier/cmd/crier/events"
	"crier/cmd/crier/pub"
	"crier/cmd/crier/sub"
)

// What the commands print as JSON: tests have variables pub and sub.
type (
	pubSummary     = pub.Summary
	subSummary     = sub.Summary
	sessionSummary = sub.SessionSummary
	lossSummary    = sub.LossSummary
	eventLine      = events.Line
)
