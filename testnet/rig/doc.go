// Package rig is what the tests of the publisher and of the subscriber stand on:
// a [Network] on which nothing moves but by hand, a simulated [LAN] on which both
// run, a [Forger] of hostile datagrams, and checks of what a test left behind. It
// serves tests alone: its functions take a testing.TB, and fail it.
package rig
