package record

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/subscriber/recorder"
)

// keep is the value of --keep.
type keep struct{ recorder.Keep }

func (k *keep) String() string {
	var words []string
	if k.Bytes > 0 {
		words = append(words, cli.Size(k.Bytes).String())
	}
	if k.Age > 0 {
		words = append(words, k.Age.String())
	}
	return strings.Join(words, ",")
}

// Set and Type make keep a Value.
func (k *keep) Set(text string) error {
	var got recorder.Keep
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

func (k *keep) Type() string { return "size|age" }

// words says how much is kept.
func (k *keep) words() string {
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

// fsyncWords says what is lost with a mode, and by what.
func fsyncWords(f recorder.Fsync) string {
	const kill = "kill -9 loses nothing that was reported written"
	switch f.Mode {
	case recorder.FsyncEach:
		return kill + "; a loss of power, nothing that was reported synced"
	case recorder.FsyncNone:
		return kill + "; a loss of power, what the kernel had not written, which may be " +
			"that of half a minute and more"
	}
	return fmt.Sprintf("%s; a loss of power, what was written in %s and while one sync took", kill,
		cli.Duration(f.Every))
}
