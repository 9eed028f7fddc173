//go:build unix

package coordinator

// inheritedFile is the name by which a process opens the first file that it was
// handed down.
const inheritedFile = "/dev/fd/3"
