package multicast

// Segmenter is a [Conn] that may let the kernel, or the network card, cut a large write
// into datagrams.
type Segmenter interface {
	// Segments says whether it does, and whether only where the last datagram is
	// shorter: this kernel is known to damage datagrams that are all equally long.
	Segments() (cut, uneven bool)
	// SetSegments has writes from now on cut, as far as that is possible, or sent one
	// datagram at a time.
	SetSegments(on bool)
}

// damagesEqual says whether a kernel, by its release, is one of those that damage a
// write that they cut into datagrams which are all equally long, for some network
// cards: Linux 7.0.0 to 7.1.4 write a wrong length and checksum into the headers. Some
// distributions have mended theirs; those are taken for damaged as well, at little cost.
func damagesEqual(release string) bool {
	var version [3]int
	part := 0
	for i, c := range release {
		switch {
		case c >= '0' && c <= '9':
			version[part] = min(10*version[part]+int(c-'0'), 1<<20)
		case c == '.' && part < 2 && i > 0:
			part++
		default:
			return part > 0 && isBetween(version)
		}
	}
	return part > 0 && isBetween(version)
}

func isBetween(v [3]int) bool {
	return v[0] == 7 && (v[1] == 0 || v[1] == 1 && v[2] <= 4)
}
