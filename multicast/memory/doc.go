// Package memory reserves large pieces of memory for the resend buffer: a mapping of
// its own, backed by huge pages, that takes pages from the machine only as they are
// used.
//
// It needs system calls of its own, which is why it lives below package multicast: the
// two are the one home of golang.org/x/sys.
package memory
