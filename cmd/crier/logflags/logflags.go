// Package logflags has the values of flags for logs, which crier record and crier pub share.
package logflags

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/reliable/journal"
)

// Keep says how much a log keeps: a size, an age, or both.
type Keep struct{ journal.Keep }

func (k *Keep) String() string {
	var words []string
	if k.Bytes > 0 {
		words = append(words, cli.Size(k.Bytes).String())
	}
	if k.Age > 0 {
		words = append(words, k.Age.String())
	}
	return strings.Join(words, ",")
}

// Set and Type make Keep a Value.
func (k *Keep) Set(text string) error {
	var got journal.Keep
	for word := range strings.SplitSeq(text, ",") {
		if age, err := time.ParseDuration(word); err == nil && age > 0 && got.Age == 0 {
			got.Age = age
			continue
		}
		size, err := cli.ParseSize(word)
		if err != nil || size <= 0 || got.Bytes != 0 {
			return fmt.Errorf("%q is neither a size nor an age: give one of each at most, such as "+
				"10GiB, 24h or 10GiB,24h", text)
		}
		got.Bytes = int64(size)
	}
	k.Keep = got
	return nil
}

func (k *Keep) Type() string { return "size|age" }

// Words says how much is kept.
func (k *Keep) Words() string {
	switch {
	case k.Bytes > 0 && k.Age > 0:
		return fmt.Sprintf("the newest %s, and none older than %s", cli.Size(k.Bytes),
			cli.Duration(k.Age))
	case k.Bytes > 0:
		return fmt.Sprintf("the newest %s", cli.Size(k.Bytes))
	case k.Age > 0:
		return fmt.Sprintf("what is not older than %s", cli.Duration(k.Age))
	}
	return "all, until the disk is full"
}

// FsyncWords says what is lost with a mode, and by what.
func FsyncWords(f journal.Fsync) string {
	const kill = "kill -9 loses nothing that was reported written"
	switch f.Mode {
	case journal.FsyncEach:
		return kill + "; a loss of power, nothing that was reported synced"
	case journal.FsyncNone:
		return kill + "; a loss of power, what the kernel had not written, which may be " +
			"that of half a minute and more"
	}
	return fmt.Sprintf("%s; a loss of power, what was written in %s and while one sync took", kill,
		cli.Duration(f.Every))
}

// CheckDir checks the directory that a flag names before anything is made there.
func CheckDir(flag, name string) error {
	dir := filepath.Dir(filepath.Clean(name))
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return cli.Usagef("%s %s: there is no directory %s: make it first, or name another",
			flag, name, dir)
	}
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return cli.Usagef("%s %s is a file, and a log is a directory: name another", flag, name)
	}
	return nil
}

// LeastKeep is the size of the smallest log that is bounded, in bytes.
const LeastKeep = 1 << 20
