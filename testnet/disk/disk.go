// Package disk simulates a disk and its file system, as a log meets them: what was written and what
// was synced are kept apart, so that a kill loses nothing that was written and a power loss any
// part of what wasn't synced. It fails, fills up, flips bits and takes time as it is told to. All
// that it decides follows from its seed, and is the same on any machine.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"crier/reliable/journal"
	"crier/testnet/random"
)

// PageSize is the size of a page, in bytes: what reaches the platter as a whole.
const PageSize = 4096

// sectorSize is the size of what reaches it as a whole when a page is torn.
const sectorSize = 512

// ErrDead is the error of everything that is done to a disk whose time is up, by DieAfter.
var ErrDead = errors.New("the simulated machine is dead")

// Disk is a directory on a simulated disk, a journal.Dir. One goroutine uses it.
type Disk struct {
	// Capacity is how many bytes of pages fit; 0: any number.
	Capacity int64
	Speed    Speed
	// Step, if it is set, is called before each step that changes something.
	Step func(Change)

	random random.Generator
	// names are the directory's entries as the system shows them, and synced those that a
	// power loss leaves: of files, and of folders, whose names end in "/".
	names, synced map[string]*inode
	used          int64 // bytes of pages
	life          int   // counts the kills: a file that was opened before one is dead
	own           *byte // marks the pages that this disk may write to in place
	steps         int64
	budget        int64 // steps that are left; -1: any number
	spent         time.Duration
	fail          [numFaults]int64 // how many of the next operations fail; -1: all
}

// Speed is how long operations take. Zeros take no time.
type Speed struct {
	Bytes int64         // written or read a second
	Op    time.Duration // each operation
	Sync  time.Duration // each sync, besides
}

// Change is a step that a disk is about to do.
type Change struct {
	Op   Op
	Name string
	At   int64 // of an append: where it begins
	Size int64 // of an append: its bytes; of a truncation: the new size
}

// Op is a kind of Change.
type Op int

// The operations that change a disk.
const (
	Append Op = iota
	Truncate
	Create
	Remove
	Sync
	SyncFolder
)

// fault is a kind of operation that may fail.
type fault int

const (
	failWrite fault = iota
	failRead
	failSync
	numFaults
)

// errFull is the error of a write that the disk has no room for.
var errFull = fmt.Errorf("%w: %w", journal.ErrNoSpace, syscall.ENOSPC)

// errExists is the error of a Create of a name that is taken.
var errExists = fmt.Errorf("%w: %w", journal.ErrExist, fs.ErrExist)

// folderNode stands for every folder.
var folderNode = &inode{linked: 1}

// inode is a file.
type inode struct {
	linked, open int
	now, kept    content // as the system shows it, and as it is on the platter
	// low and high bound the sizes that the file had since the last sync.
	low, high int64
	// dirty is the first page that may differ between now and kept.
	dirty int
	// lost are the pages that a failed sync marked clean: no sync writes them.
	lost map[int]*page
	bad  []span // what can't be read
}

// content is the content of a file. A page that is nil has zeros.
type content struct {
	pages []*page
	size  int64
}

type page struct {
	data [PageSize]byte
	own  *byte
}

type span struct{ from, to int64 }

// New returns an empty disk.
func New(seed uint64) *Disk {
	return &Disk{
		random: random.New(seed), names: map[string]*inode{}, synced: map[string]*inode{},
		own: new(byte), budget: -1,
	}
}

// Clone returns a disk that goes on from the same state by itself. Its Step is nil, and files that
// were open on d aren't on it.
func (d *Disk) Clone() *Disk {
	c := *d
	c.names, c.synced = map[string]*inode{}, map[string]*inode{}
	c.own, d.own = new(byte), new(byte) // pages that both have are written to by neither
	c.Step = nil
	c.life++
	copies := map[*inode]*inode{folderNode: folderNode}
	copied := func(to, from map[string]*inode) {
		for name, n := range from { // order doesn't matter: it fills a map
			if copies[n] == nil {
				copies[n] = n.clone()
			}
			to[name] = copies[n]
		}
	}
	copied(c.names, d.names)
	copied(c.synced, d.synced)
	return &c
}

func (n *inode) clone() *inode {
	c := *n
	c.open = 0
	c.now.pages, c.kept.pages = slices.Clone(n.now.pages), slices.Clone(n.kept.pages)
	c.lost = nil
	for i, p := range n.lost { // order doesn't matter: it fills a map
		c.setLost(i, p)
	}
	c.bad = slices.Clone(n.bad)
	return &c
}

func (n *inode) setLost(i int, p *page) {
	if n.lost == nil {
		n.lost = map[int]*page{}
	}
	n.lost[i] = p
}

// Steps counts the steps that changed something: each byte that was appended, and each other
// operation.
func (d *Disk) Steps() int64 { return d.steps }

// DieAfter lets n more steps be done. An append that has fewer left writes its first bytes. From
// then on everything fails with ErrDead, until Kill or PowerLoss. Below 0 takes it back.
func (d *Disk) DieAfter(n int64) { d.budget = max(n, -1) }

// Spent returns how long the operations since its last call took, by Speed.
func (d *Disk) Spent() time.Duration {
	spent := d.spent
	d.spent = 0
	return spent
}

// Cost returns how long the writing of some bytes by one append takes, with some syncs.
func (d *Disk) Cost(bytes int64, syncs int) time.Duration {
	return d.moved(bytes) + d.Speed.Op + time.Duration(syncs)*(d.Speed.Sync+d.Speed.Op)
}

// moved returns how long the moving of some bytes takes.
func (d *Disk) moved(bytes int64) time.Duration {
	if d.Speed.Bytes <= 0 {
		return 0
	}
	seconds, rest := bytes/d.Speed.Bytes, bytes%d.Speed.Bytes
	return time.Duration(seconds)*time.Second +
		time.Duration(rest*int64(time.Millisecond)/d.Speed.Bytes)*1000
}

// begin begins an operation of some steps, and returns how many of them may be done.
func (d *Disk) begin(c Change) (int64, error) {
	d.spent += d.Speed.Op
	if d.budget == 0 {
		return 0, ErrDead
	}
	if d.Step != nil {
		d.Step(c)
	}
	steps := int64(1)
	if c.Op == Append {
		steps = c.Size
	}
	if d.budget > 0 {
		steps = min(steps, d.budget)
		d.budget -= steps
	}
	d.steps += steps
	return steps, nil
}

// alive returns the error of an operation that changes nothing.
func (d *Disk) alive() error {
	d.spent += d.Speed.Op
	if d.budget == 0 {
		return ErrDead
	}
	return nil
}

// failing reports whether an operation fails, and counts it.
func (d *Disk) failing(f fault) bool {
	if d.fail[f] > 0 {
		d.fail[f]--
		return true
	}
	return d.fail[f] < 0
}

// FailWrites makes the next n operations that write fail with EIO: appends, some of whose bytes are
// written, and what creates, removes or truncates. Below 0: all of them, until it is called again.
func (d *Disk) FailWrites(n int64) { d.fail[failWrite] = n }

// FailReads makes the next n reads fail with EIO. Below 0: all of them.
func (d *Disk) FailReads(n int64) { d.fail[failRead] = n }

// FailSyncs makes the next n syncs fail with EIO, as Linux does: some of the file's pages aren't on
// the platter, and all are marked clean, so that a later sync succeeds without them.
func (d *Disk) FailSyncs(n int64) { d.fail[failSync] = n }

// Used returns the bytes of the pages that files take.
func (d *Disk) Used() int64 { return d.used }

// sorted returns the names in a map, in order.
func sorted(names map[string]*inode) []string {
	list := make([]string, 0, len(names))
	for name := range names { // order doesn't matter: it is sorted
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// folder returns the folder of a name, with a "/" at its end; "" for the top.
func folder(name string) string {
	return name[:strings.LastIndexByte(strings.TrimSuffix(name, "/"), '/')+1]
}

// List lists the files, in order.
func (d *Disk) List() ([]journal.Entry, error) {
	if err := d.alive(); err != nil {
		return nil, err
	}
	var list []journal.Entry
	for _, name := range sorted(d.names) {
		if !strings.HasSuffix(name, "/") {
			list = append(list, journal.Entry{Name: name, Size: d.names[name].now.size})
		}
	}
	return list, nil
}

// Create makes a file, which must not exist, and its folders.
func (d *Disk) Create(name string) (journal.File, error) {
	if _, err := d.begin(Change{Op: Create, Name: name}); err != nil {
		return nil, err
	}
	if d.names[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: errExists}
	}
	if d.failing(failWrite) {
		return nil, &fs.PathError{Op: "create", Path: name, Err: syscall.EIO}
	}
	for up := folder(name); up != "" && d.names[up] == nil; up = folder(up) {
		d.names[up] = folderNode
	}
	n := &inode{linked: 1}
	d.names[name] = n
	return d.handle(n, name), nil
}

// Open opens a file, which must exist.
func (d *Disk) Open(name string) (journal.File, error) {
	if err := d.alive(); err != nil {
		return nil, err
	}
	n := d.names[name]
	if n == nil || strings.HasSuffix(name, "/") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if d.failing(failRead) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EIO}
	}
	return d.handle(n, name), nil
}

func (d *Disk) handle(n *inode, name string) *file {
	n.open++
	return &file{disk: d, inode: n, name: name, life: d.life}
}

// Remove removes a file, and its folder if that is empty then. A file that is open can be used
// until it is closed.
func (d *Disk) Remove(name string) error {
	if _, err := d.begin(Change{Op: Remove, Name: name}); err != nil {
		return err
	}
	n := d.names[name]
	if n == nil || strings.HasSuffix(name, "/") {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	if d.failing(failWrite) {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.EIO}
	}
	delete(d.names, name)
	for up := folder(name); up != "" && d.empty(up); up = folder(up) {
		delete(d.names, up)
	}
	n.linked--
	d.free(n)
	return nil
}

// empty reports whether nothing is in a folder.
func (d *Disk) empty(folder string) bool {
	for name := range d.names { // order doesn't matter: any will do
		if name != folder && strings.HasPrefix(name, folder) {
			return false
		}
	}
	return true
}

// free takes back the pages of a file that nobody can reach. A power loss may bring it back.
func (d *Disk) free(n *inode) {
	if n.linked == 0 && n.open == 0 {
		d.used -= pagesOf(n.now.size) * PageSize
	}
}

// Sync makes the names in a folder outlive a power loss; "" is the top.
func (d *Disk) Sync(name string) error {
	if _, err := d.begin(Change{Op: SyncFolder, Name: name}); err != nil {
		return err
	}
	d.spent += d.Speed.Sync
	if name != "" {
		name = strings.TrimSuffix(name, "/") + "/"
		if d.names[name] == nil {
			return &fs.PathError{Op: "sync", Path: name, Err: fs.ErrNotExist}
		}
	}
	if d.failing(failSync) {
		return &fs.PathError{Op: "sync", Path: name, Err: syscall.EIO}
	}
	for _, each := range d.either() {
		if folder(each) == name {
			d.keepName(each, d.names[each])
		}
	}
	return nil
}

// either lists the names that are shown or synced, in order.
func (d *Disk) either() []string {
	list := append(sorted(d.names), sorted(d.synced)...)
	slices.Sort(list)
	return slices.Compact(list)
}

// keepName makes a name stand for a file on the platter; nil for none.
func (d *Disk) keepName(name string, n *inode) {
	if n == nil {
		delete(d.synced, name)
		return
	}
	d.synced[name] = n
}
