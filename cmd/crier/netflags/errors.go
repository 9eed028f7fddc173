package netflags

import (
	"errors"

	"crier/cmd/crier/cli"
	"crier/multicast"
)

// configFlags maps fields of a multicast.ConfigError to flags.
var configFlags = map[string]string{
	"group": "group", "interface": "iface", "source": "source", "TTL": "ttl", "DSCP": "dscp",
}

// ConfigError turns an error about a configuration into a usage error that names the flag, or
// the variable that holds its default.
func ConfigError(flags *cli.FlagSet, err error) error {
	var config *multicast.ConfigError
	if !errors.As(err, &config) {
		return err
	}
	if flag, ok := configFlags[config.Field]; ok {
		return cli.Usagef("%s %s %s", cli.Origin(flags, flag), config.Value, config.Reason)
	}
	return cli.Usage(err)
}
