//go:build !crier_plain && !crier_no_offload

package multicast

// withOffload is false in a build with the tag crier_no_offload, for tests: no socket then
// uses the kernel's offload, as with NoOffload.
const withOffload = true
