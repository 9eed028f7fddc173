//go:build !unix

package coordinator

// inheritedFile is empty: files are not handed down here.
const inheritedFile = ""
