// Package receive is the subscriber's half of the protocol: sessions, from datagrams
// to messages and losses.
package receive
