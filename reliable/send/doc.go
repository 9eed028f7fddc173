// Package send is the publisher's half of the protocol: one session, from messages to
// datagrams and repairs.
package send
