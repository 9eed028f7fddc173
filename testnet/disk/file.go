package disk

import (
	"io"
	"io/fs"
	"slices"
	"syscall"
)

// file is a file that is open.
type file struct {
	disk   *Disk
	inode  *inode
	name   string
	life   int // of the disk
	closed bool
}

func pagesOf(size int64) int64 { return (size + PageSize - 1) / PageSize }

// failed returns the error of an operation on the file.
func (f *file) failed(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// usable returns an error if the file was closed, or its process died.
func (f *file) usable() error {
	if f.closed || f.life != f.disk.life {
		return f.failed("use", fs.ErrClosed)
	}
	return nil
}

// Close closes the file. What wasn't synced isn't synced by it.
func (f *file) Close() error {
	if err := f.usable(); err != nil {
		return err
	}
	f.closed = true
	f.inode.open--
	f.disk.free(f.inode)
	return nil
}

// Size returns the file's size, in bytes.
func (f *file) Size() (int64, error) {
	if err := f.usable(); err != nil {
		return 0, err
	}
	return f.inode.now.size, f.disk.alive()
}

// ReadAt reads as io.ReaderAt says.
func (f *file) ReadAt(b []byte, at int64) (int, error) {
	if err := f.usable(); err != nil {
		return 0, err
	}
	d, n := f.disk, f.inode
	if err := d.alive(); err != nil {
		return 0, err
	}
	if at < 0 {
		return 0, f.failed("read", fs.ErrInvalid)
	}
	if d.failing(failRead) {
		return 0, f.failed("read", syscall.EIO)
	}
	have := int(max(0, min(int64(len(b)), n.now.size-at)))
	for _, s := range n.bad {
		if s.from < at+int64(have) && at < s.to {
			return 0, f.failed("read", syscall.EIO)
		}
	}
	d.spent += d.moved(int64(have))
	n.now.read(b[:have], at)
	if have < len(b) {
		return have, io.EOF
	}
	return have, nil
}

// read copies bytes out of a content, which has them all.
func (c *content) read(b []byte, at int64) {
	for len(b) > 0 {
		i, off := int(at/PageSize), int(at%PageSize)
		part := b[:min(len(b), PageSize-off)]
		if i < len(c.pages) && c.pages[i] != nil {
			copy(part, c.pages[i].data[off:])
		} else {
			clear(part)
		}
		b, at = b[len(part):], at+int64(len(part))
	}
}

// Append writes pieces one after the other, from a position on. If it fails, their first bytes may
// be written.
func (f *file) Append(at int64, pieces ...[]byte) error {
	if err := f.usable(); err != nil {
		return err
	}
	d, size := f.disk, int64(0)
	for _, p := range pieces {
		size += int64(len(p))
	}
	if size == 0 {
		return d.alive()
	}
	if at < 0 {
		return f.failed("append", fs.ErrInvalid)
	}
	may, err := d.begin(Change{Op: Append, Name: f.name, At: at, Size: size})
	if err != nil {
		return err
	}
	if may < size {
		err = ErrDead
	}
	if err == nil && d.failing(failWrite) {
		may, err = int64(d.random.Below(uint64(size))), f.failed("append", syscall.EIO)
	}
	if d.Capacity > 0 { // the file grows to any end within its last page for nothing
		free := (pagesOf(f.inode.now.size) + (d.Capacity-d.used)/PageSize) * PageSize
		if may > free-at {
			may, err = max(0, free-at), f.failed("append", errFull)
		}
	}
	for _, p := range pieces {
		part := p[:min(int64(len(p)), may)]
		d.write(f.inode, at, part)
		at, may = at+int64(len(part)), may-int64(len(part))
	}
	return err
}

// write writes bytes that there is room for.
func (d *Disk) write(n *inode, at int64, b []byte) {
	if len(b) == 0 {
		return
	}
	d.spent += d.moved(int64(len(b)))
	d.resize(n, max(n.now.size, at+int64(len(b))))
	n.mend(at, at+int64(len(b)))
	for len(b) > 0 {
		i, off := int(at/PageSize), int(at%PageSize)
		part := b[:min(len(b), PageSize-off)]
		copy(d.writable(n, i).data[off:], part)
		b, at = b[len(part):], at+int64(len(part))
	}
}

// mend makes bytes readable that are written again.
func (n *inode) mend(from, to int64) {
	n.bad = slices.DeleteFunc(n.bad, func(s span) bool { return s.from < to && from < s.to })
}

// writable returns a page that may be changed: one that nobody shares, and that isn't on the
// platter.
func (d *Disk) writable(n *inode, i int) *page {
	p := n.now.pages[i]
	if p == nil || p.own != d.own || i < len(n.kept.pages) && n.kept.pages[i] == p {
		fresh := &page{own: d.own}
		if p != nil {
			fresh.data = p.data
		}
		n.now.pages[i] = fresh
		p = fresh
	}
	delete(n.lost, i)
	n.dirty = min(n.dirty, i)
	return p
}

// resize changes a file's size. What it gains is zero.
func (d *Disk) resize(n *inode, size int64) {
	old, count := n.now.size, pagesOf(size)
	if size < old && size%PageSize != 0 {
		clear(d.writable(n, int(size/PageSize)).data[size%PageSize:])
	}
	for int64(len(n.now.pages)) < count {
		n.dirty = min(n.dirty, len(n.now.pages))
		n.now.pages = append(n.now.pages, nil)
	}
	if int64(len(n.now.pages)) > count {
		n.now.pages = slices.Delete(n.now.pages, int(count), len(n.now.pages))
		n.dirty = min(n.dirty, int(count))
	}
	n.now.size = size
	n.low, n.high = min(n.low, size), max(n.high, size)
	d.used += (count - pagesOf(old)) * PageSize
}

// Truncate changes the file's size.
func (f *file) Truncate(size int64) error {
	if err := f.usable(); err != nil {
		return err
	}
	d := f.disk
	if size < 0 {
		return f.failed("truncate", fs.ErrInvalid)
	}
	if _, err := d.begin(Change{Op: Truncate, Name: f.name, Size: size}); err != nil {
		return err
	}
	if d.failing(failWrite) {
		return f.failed("truncate", syscall.EIO)
	}
	grown := (pagesOf(size) - pagesOf(f.inode.now.size)) * PageSize
	if d.Capacity > 0 && grown > 0 && d.used+grown > d.Capacity {
		return f.failed("truncate", errFull)
	}
	d.resize(f.inode, size)
	return nil
}

// Sync makes the file's content outlive a power loss, but not its name.
func (f *file) Sync() error {
	if err := f.usable(); err != nil {
		return err
	}
	d, n := f.disk, f.inode
	if _, err := d.begin(Change{Op: Sync, Name: f.name}); err != nil {
		return err
	}
	d.spent += d.Speed.Sync
	failing := d.failing(failSync)
	n.resizeKept(n.now.size)
	for i := n.dirty; i < len(n.now.pages); i++ {
		now := n.now.pages[i]
		switch {
		case n.kept.pages[i] == now || n.lost != nil && now != nil && n.lost[i] == now:
		case failing && d.random.Below(2) == 0:
			n.setLost(i, now)
		default:
			n.kept.pages[i] = now
		}
	}
	n.settled()
	if failing {
		return f.failed("sync", syscall.EIO)
	}
	return nil
}

// settled notes that nothing waits to be written.
func (n *inode) settled() {
	n.low, n.high = n.now.size, n.now.size
	n.dirty = len(n.now.pages)
	for i := range n.lost { // order doesn't matter: it is a minimum
		n.dirty = min(n.dirty, i)
	}
}

// resizeKept gives the content on the platter a size, of as many pages.
func (n *inode) resizeKept(size int64) {
	count := int(pagesOf(size))
	n.kept.pages = slices.Delete(n.kept.pages, min(count, len(n.kept.pages)), len(n.kept.pages))
	for len(n.kept.pages) < count {
		n.kept.pages = append(n.kept.pages, nil)
	}
	n.kept.size = size
}
