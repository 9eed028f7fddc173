package netflags

import (
	"errors"
	"testing"

	"crier/cmd/crier/cli"
	"crier/nack"
	"crier/reliable/config"
	"crier/reliable/receive"
	"crier/reliable/send"
)

// An error about a field names the flag, where the command has one for it.
func TestConfigError(t *testing.T) {
	flags := new(cli.Command).Flags()
	flags.String("iface", "lo", "")
	flags.String("linger", "", "")
	flags.String("max-wait", "", "")
	flags.String("buffer", "", "")
	_, linger := send.Config{Session: 1, Repair: send.Repair{Linger: -1}}.Complete()
	_, wait := receive.Config{ID: 1, Recovery: nack.Recovery{MaxWait: -1}}.Complete()
	_, buffer := receive.Config{ID: 1, Memory: receive.Memory{Buffer: 1}}.Complete()
	for _, c := range []struct {
		err  error
		want string
	}{
		{linger, "--linger: to linger for -1ns is not possible: it is negative"},
		{wait, "--max-wait: a max wait of -1ns is negative"},
		{buffer, "--buffer: a buffer of 1 bytes is smaller than 64 KiB"},
		{&config.Error{Field: "interface", Value: "eth9", Reason: "does not exist"},
			"--iface eth9 does not exist"},
		{config.Errorf("Flow.Pace", "is of another command"), "Flow.Pace: is of another command"},
	} {
		if got := ConfigError(flags, c.err); got.Error() != c.want || got == c.err {
			t.Errorf("%q, want %q as a usage error", got, c.want)
		}
	}
	if other := errors.New("other"); ConfigError(flags, other) != other {
		t.Error("an error of another kind is changed")
	}
}
