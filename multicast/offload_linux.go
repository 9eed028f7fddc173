//go:build !crier_plain && !crier_no_offload

package multicast

// withOffload is false in a build for tests, with the tag crier_no_offload: then no
// socket uses the kernel's offload, as with NoOffload.
const withOffload = true
