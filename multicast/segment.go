package multicast

// Segmenter is a [Conn] that may let the kernel, or the network card, cut a large write
// into datagrams.
type Segmenter interface {
	// Segments reports whether writes are cut that way, and whether only those whose
	// last datagram is shorter, since this kernel is known to damage datagrams that are
	// all of one length.
	Segments() (cut, uneven bool)
	// SetSegments says whether later writes are cut, as far as that is possible, or sent
	// one datagram at a time.
	SetSegments(on bool)
}

// damagesEqual reports whether a kernel of this release damages a write that it cuts into
// datagrams of one length, for some network cards: Linux 7.0.0 to 7.1.4 write a wrong
// length and checksum into the headers. Some distributions have fixed theirs; they count
// as damaging as well, which costs little.
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
			return part > 0 && isDamaging(version)
		}
	}
	return part > 0 && isDamaging(version)
}

// isDamaging reports whether v is between 7.0.0 and 7.1.4.
func isDamaging(v [3]int) bool {
	return v[0] == 7 && (v[1] == 0 || v[1] == 1 && v[2] <= 4)
}
