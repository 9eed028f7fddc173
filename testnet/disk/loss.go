package disk

import "strings"

// Kill is the end of the process that used the disk, as by kill -9: what was written stays, whether
// it was synced or not, and the files that were open are closed.
func (d *Disk) Kill() {
	d.life++
	d.budget = -1
	for _, n := range d.names { // order doesn't matter: each is closed
		n.open = 0
	}
	d.count()
}

// count counts the pages anew.
func (d *Disk) count() {
	d.used = 0
	for name, n := range d.names { // order doesn't matter: it is a sum
		if !strings.HasSuffix(name, "/") {
			d.used += pagesOf(n.now.size) * PageSize
		}
	}
}

// PowerLoss is the end of the machine. Of what wasn't synced any part may be on the platter: of the
// names that were made or removed, of each file's pages, and of its growth: its size without its
// data, and its data without its size. A page that was on its way may be torn between two sectors.
func (d *Disk) PowerLoss() {
	d.Kill()
	some := d.some()
	for _, name := range d.either() {
		shown := d.names[name]
		if shown == d.synced[name] || !some(d) {
			continue
		}
		d.keepName(name, shown)
	}
	for _, name := range sorted(d.synced) {
		for up := folder(name); up != ""; up = folder(up) {
			if d.synced[up] == nil { // the folder is gone, and all in it
				delete(d.synced, name)
			}
		}
	}
	clear(d.names)
	for _, name := range sorted(d.synced) {
		n := d.synced[name]
		d.names[name] = n
		if n == folderNode {
			continue
		}
		n.linked, n.open = 1, 0
		d.cut(n)
	}
	d.count()
}

// some returns a choice that is mostly made in one way, or in none.
func (d *Disk) some() func(*Disk) bool {
	part := d.random.Below(5) // of 4
	return func(d *Disk) bool { return d.random.Below(4) < part }
}

// cut leaves of a file what is on the platter when the power goes.
func (d *Disk) cut(n *inode) {
	some := d.some()
	size := n.kept.size
	if n.low < n.high || n.now.size != n.kept.size {
		low, high := min(n.low, n.kept.size), max(n.high, n.kept.size)
		switch d.random.Below(4) {
		case 0:
		case 1:
			size = n.now.size
		default:
			size = low + int64(d.random.Below(uint64(high-low)+1))
		}
	}
	var left content
	for i := range int(pagesOf(size)) {
		left.pages = append(left.pages, d.remains(n, i, some))
	}
	left.size = size
	if end := size % PageSize; end != 0 { // nothing lies beyond the end
		if last := left.pages[len(left.pages)-1]; last != nil {
			fresh := &page{own: d.own}
			copy(fresh.data[:end], last.data[:end])
			left.pages[len(left.pages)-1] = fresh
		}
	}
	n.now, n.kept = left, content{append([]*page(nil), left.pages...), size}
	clear(n.lost)
	n.settled()
}

// remains returns what is on the platter of a page.
func (d *Disk) remains(n *inode, i int, some func(*Disk) bool) *page {
	var now, kept *page
	if i < len(n.now.pages) {
		now = n.now.pages[i]
	}
	if i < len(n.kept.pages) {
		kept = n.kept.pages[i]
	}
	switch {
	case now == kept:
		return kept
	case n.lost != nil && now != nil && n.lost[i] == now:
		return kept
	case d.random.Below(8) == 0:
		return d.torn(now, kept)
	case some(d):
		return now
	case kept == nil && d.random.Below(8) == 0:
		return d.garbage()
	}
	return kept
}

// torn returns a page of which some sectors are new.
func (d *Disk) torn(now, kept *page) *page {
	torn := &page{own: d.own}
	mask := d.random.Uint64()
	for i := range PageSize / sectorSize {
		from := kept
		if mask>>i&1 != 0 {
			from = now
		}
		if from != nil {
			copy(torn.data[i*sectorSize:], from.data[i*sectorSize:][:sectorSize])
		}
	}
	return torn
}

// garbage returns a page that a file was given and that nobody has written to.
func (d *Disk) garbage() *page {
	p := &page{own: d.own}
	for i := 0; i < PageSize; i += 8 {
		word := d.random.Uint64()
		for k := range 8 {
			p.data[i+k] = byte(word >> (8 * k))
		}
	}
	return p
}

// DropCaches makes the system forget pages that it believes to be on the platter. After a failed
// sync, files then show what was there before.
func (d *Disk) DropCaches() {
	for _, name := range sorted(d.names) {
		n := d.names[name]
		for i := range n.now.pages {
			if n.lost != nil && n.now.pages[i] != nil && n.lost[i] == n.now.pages[i] {
				n.now.pages[i] = n.kept.pages[i]
				delete(n.lost, i)
			}
		}
	}
}

// Flip flips a bit of a file, counted from its beginning. It reports whether the file has it.
func (d *Disk) Flip(name string, bit int64) bool {
	n := d.names[name]
	if n == nil || bit < 0 || bit/8 >= n.now.size {
		return false
	}
	i, at, mask := int(bit/8/PageSize), bit/8%PageSize, byte(1)<<(bit%8)
	flipped := func(c *content) {
		if i >= len(c.pages) {
			return
		}
		fresh := &page{own: d.own}
		if c.pages[i] != nil {
			fresh.data = c.pages[i].data
		}
		fresh.data[at] ^= mask
		c.pages[i] = fresh
	}
	clean := i < len(n.kept.pages) && n.kept.pages[i] == n.now.pages[i]
	flipped(&n.now)
	if clean {
		n.kept.pages[i] = n.now.pages[i]
	}
	return true
}

// FlipAny flips a bit of any file. It returns the file's name and the bit; false if there is none.
func (d *Disk) FlipAny() (name string, bit int64, ok bool) {
	total := int64(0)
	files := sorted(d.names)
	for _, name := range files {
		total += d.names[name].now.size
	}
	at := int64(d.random.Below(uint64(total)))
	for _, name := range files {
		if size := d.names[name].now.size; at < size {
			bit := 8*at + int64(d.random.Below(8))
			return name, bit, d.Flip(name, bit)
		} else {
			at -= size
		}
	}
	return "", 0, false
}

// Damage makes n bytes of a file unreadable, from a position on: reads that touch them fail with
// EIO, until they are written again.
func (d *Disk) Damage(name string, at, n int64) {
	if f := d.names[name]; f != nil {
		f.bad = append(f.bad, span{at, at + n})
	}
}
