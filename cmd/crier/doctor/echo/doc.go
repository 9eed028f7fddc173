// Package echo measures the way between two hosts. A Host answers on one of them, which is
// "crier doctor echo", and Measure asks it from the other, which is "crier doctor --to".
//
// Both send crier frames from crier's sockets: a STATUS that carries a probe, which
// publishers and subscribers drop. What the two agree on goes by unicast to the Host's port.
//
// A Host answers nobody who hasn't shown, by a cookie, that its address is its own. It keeps
// a bounded number of clients, sends a client no more than that has sent, apart from a fixed
// allowance, and sends at a bounded rate.
package echo
