//go:build !linux || crier_plain

package multicast

const plain = true
