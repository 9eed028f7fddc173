// Package soak sees whether a group lasts: a switch that snoops forgets members whom no
// querier asks, by default after 260 seconds, and then keeps the group from them. It is
// "crier doctor --soak".
package soak
