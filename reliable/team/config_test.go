package team

import (
	"errors"
	"strings"
	"testing"
	"time"

	"crier/reliable/config"
)

// TestTeamConfig takes the ends of each range, and names the field and the range beyond them.
func TestTeamConfig(t *testing.T) {
	for _, c := range []struct {
		cfg         Config
		field, want string
	}{
		{Config{}, "", ""},
		{Config{Lease: 200 * milli, WorkTime: 10 * milli, Attempts: 1, MaxTeams: 1, MaxMembers: 1},
			"", ""},
		{Config{Lease: time.Minute, WorkTime: 24 * time.Hour, Attempts: maxAttempts,
			MaxTeams: mostTeams, MaxMembers: mostMembers}, "", ""},
		{Config{Lease: 200*milli - 1}, "Lease", "outside 200ms to 1m0s"},
		{Config{Lease: time.Minute + 1}, "Lease", "outside 200ms to 1m0s"},
		{Config{Lease: -1}, "Lease", "outside 200ms to 1m0s"},
		{Config{WorkTime: 10*milli - 1}, "WorkTime", "outside 10ms to 24h"},
		{Config{WorkTime: 24*time.Hour + 1}, "WorkTime", "outside 10ms to 24h"},
		{Config{Attempts: -1}, "Attempts", "outside 1 to 65536"},
		{Config{Attempts: maxAttempts + 1}, "Attempts", "outside 1 to 65536"},
		{Config{FinishWait: -1}, "FinishWait", "negative"},
		{Config{Expiry: -1}, "Expiry", "negative"},
		{Config{MaxTeams: -1}, "MaxTeams", "outside 1 to 1024"},
		{Config{MaxTeams: mostTeams + 1}, "MaxTeams", "outside 1 to 1024"},
		{Config{MaxMembers: -1}, "MaxMembers", "outside 1 to 4096"},
		{Config{MaxMembers: mostMembers + 1}, "MaxMembers", "outside 1 to 4096"},
	} {
		got, err := c.cfg.Complete()
		var wrong *config.Error
		switch {
		case c.field == "":
			if err != nil {
				t.Errorf("%+v: %v", c.cfg, err)
			}
		case !errors.As(err, &wrong) || wrong.Field != "Teams."+c.field ||
			!strings.Contains(err.Error(), c.want):
			t.Errorf("%+v: %v, want an error about %s with %q", c.cfg, err, c.field, c.want)
		}
		if c.cfg == (Config{}) && (got.Lease != 2*time.Second || got.WorkTime != 30*time.Second ||
			got.Attempts != 5 || got.Expiry != 0 || got.MaxTeams != 64 || got.MaxMembers != 1024) {
			t.Errorf("the defaults: %+v", got)
		}
	}
}
