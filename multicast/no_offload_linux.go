//go:build !crier_plain && crier_no_offload

package multicast

const withOffload = false
