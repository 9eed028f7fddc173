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

// fsync is the value of --fsync.
type fsync struct{ recorder.Fsync }

func (f *fsync) String() string {
	switch f.Mode {
	case recorder.FsyncEach:
		return "each"
	case recorder.FsyncNone:
		return "none"
	}
	if f.Every == 0 {
		return ""
	}
	return "interval:" + f.Every.String()
}

// Set and Type make fsync a Value.
func (f *fsync) Set(text string) error {
	word, every, has := strings.Cut(text, ":")
	got := recorder.Fsync{Every: 50 * time.Millisecond}
	switch {
	case word == "each" && !has:
		got.Mode = recorder.FsyncEach
	case word == "none" && !has:
		got.Mode = recorder.FsyncNone
	case word == "interval" && !has:
	case word == "interval":
		d, err := time.ParseDuration(every)
		if err != nil || d < time.Millisecond || d > time.Hour {
			return fmt.Errorf("%q is not an interval from 1ms to 1h: give one such as "+
				"interval:50ms", text)
		}
		got.Every = d
	default:
		return fmt.Errorf("%q is not known: use each, interval:50ms or none", text)
	}
	f.Fsync = got
	return nil
}

func (f *fsync) Type() string { return "word" }

// words says what is lost, and by what.
func (f *fsync) words() string {
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
