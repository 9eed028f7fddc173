package every

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A file keeps what is known of states, and the way to where the exploration was: a line that
// says of what, then numbers of eight bytes.
const fileVersion = "crier every 1"

// headline says what a file is of. The state at the end of a schedule without faults stands
// for the machines' code.
func (x *explorer) headline() (string, error) {
	cfg := *x.cfg
	y := newExplorer(x.game, &cfg)
	y.replay = &replay{}
	if _, err := y.playOne(nil); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s; %s; %v; seed %d; %x", fileVersion, x.game.Name, &cfg.Scope, cfg.Seed,
		y.hash.state(y.play)), nil
}

// save writes a file.
func (x *explorer) save(name string) (err error) {
	head, err := x.headline()
	if err != nil {
		return err
	}
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(name+".new", name)
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, head)
	put := func(words ...uint64) {
		var b [8]byte
		for _, x := range words {
			binary.LittleEndian.PutUint64(b[:], x)
			w.Write(b[:])
		}
	}
	put(uint64(len(x.path)))
	for i := range x.path {
		n := &x.path[i]
		put(n.sum[0], n.sum[1], uint64(n.n), uint64(n.taken), n.sofar.all.hi, n.sofar.all.lo,
			n.sofar.broken.hi, n.sofar.broken.lo)
	}
	put(uint64(len(x.memo.known)))
	for s, t := range x.memo.known {
		put(s[0], s[1], t.all.hi, t.all.lo, t.broken.hi, t.broken.lo)
	}
	return w.Flush()
}

// load reads a file, if there is one.
func (x *explorer) load(name string) error {
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	want, err := x.headline()
	if err != nil {
		return err
	}
	head, rest, _ := bytes.Cut(data, []byte{'\n'})
	if string(head) != want {
		return fmt.Errorf("every: %s is of another world, scope or code: it says %q, and this is "+
			"%q; remove it, or name another file", name, head, want)
	}
	short := false
	get := func() (x uint64) {
		if len(rest) < 8 {
			short = true
			return 0
		}
		x, rest = binary.LittleEndian.Uint64(rest), rest[8:]
		return x
	}
	count := func() Count { return Count{get(), get()} }
	for n := get(); n > 0 && !short; n-- {
		x.path = append(x.path, node{sum: Sum{get(), get()}, n: int(get()), taken: int(get()),
			sofar: tally{count(), count()}})
	}
	for n := get(); n > 0 && !short; n-- {
		x.memo.known[Sum{get(), get()}] = tally{count(), count()}
	}
	if short || len(rest) > 0 {
		return fmt.Errorf("every: %s is damaged: remove it: %w", name, io.ErrUnexpectedEOF)
	}
	return nil
}
