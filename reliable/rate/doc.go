// Package rate limits how fast bytes are sent.
//
// A [Limit] is a pure state machine: the caller passes the time, asks how many bytes may go
// out, and counts those that went. It smooths bursts, makes up for timers that fire late,
// and keeps a debt for frames that nothing may hold back, so that the sum of all traffic
// keeps the rate.
package rate
