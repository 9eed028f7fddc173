// Package netns runs tests in network namespaces of their own, on Linux. It serves tests
// alone, and knows no other package of crier's, so that the tests of each can use it.
package netns
