package netflags

import (
	"errors"

	"crier/cmd/crier/cli"
	"crier/reliable/config"
)

// configFlags maps fields of configurations to flags.
var configFlags = map[string]string{
	"group": "group", "interface": "iface", "source": "source", "TTL": "ttl", "DSCP": "dscp",
	"port": "control-port", "read buffer": "read-buffer",

	"Topic": "topic", "Partitions": "partitions", "Groups": "groups", "Group": "group",
	"feeds": "feed",

	"Name": "name", "Datagram": "datagram", "BatchWait": "batch-wait",
	"Retention.ResendBuffer": "resend-buffer", "Retention.Disk": "disk",
	"Retention.DiskDir": "disk-dir", "Record.Dir": "record", "Record.Keep": "record-keep",
	"Recorded.Recorders": "recorded",
	"Flow.Pace":          "pace", "Flow.WhenFull": "when-full", "Flow.WaitFor": "wait-for",
	"Flow.StallTimeout": "stall-timeout", "Flow.MaxRate": "max-rate",
	"Flow.MaxBurst": "max-burst",
	"Continue":      "continue",
	"Teams.Lease":   "lease", "Teams.WorkTime": "work-time", "Teams.Attempts": "attempts",
	"Teams.Expiry": "team-expiry", "Teams.State": "team-state",
	"Repair.Share": "repair-share", "Repair.Floor": "repair-floor", "Repair.Linger": "linger",

	"Team": "team", "Share": "share", "Weight": "weight", "Room": "room", "Window": "window",
	"Orphans": "orphans",

	"Start": "start", "Order": "order", "Overload": "overload",
	"Recovery.MaxWait": "max-wait", "Recovery.Silence": "silence", "Memory.Buffer": "buffer",
}

// ConfigError turns an error about a configuration into a usage error that names the flag, or
// the variable that holds its default.
func ConfigError(flags *cli.FlagSet, err error) error {
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		return err
	}
	flag := configFlags[wrong.Field]
	switch {
	case flag == "partitions" && flags.Lookup(flag) == nil: // of a subscriber
		flag = "partition"
	case flag == "groups" && flags.Lookup(flag) == nil && flags.Lookup("feed") != nil &&
		flags.Changed("feed"):
		flag = "feed"
	case flag == "groups" && flags.Lookup(flag) == nil:
		flag = "group"
	}
	if flag != "" && flags.Lookup(flag) != nil {
		return cli.Usage(errors.New(wrong.Named(cli.Origin(flags, flag))))
	}
	return cli.Usage(err)
}
