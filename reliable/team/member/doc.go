// Package member is a subscriber that shares the work on its topics with others: a
// survivor.Survivor behind a gate, and for each session a claim on the publisher's arbiter, which
// package team is.
//
// A [Member] without a team is the Survivor and nothing more. With one it is driven alike, and is
// told besides of what is handed out ([Member.HandOut]), done ([Member.Done]) and in hand
// ([Member.Busy]), and by how much the clock of leases is ahead of that of the machines
// ([Member.Shift]).
package member
