package netflags

import (
	"crier/cmd/crier/cli"
	"crier/multicast"
	"errors"
)

// configFlags are the flags that set the fields of a multicast.ConfigError.
var configFlags = map[string]string{
	"group": "--group", "interface": "--iface", "source": "--source", "TTL": "--ttl",
	"DSCP": "--dscp",
}

// ConfigError makes a usage error, in the words of the flags, of what a
// configuration was refused for.
func ConfigError(err error) error {
	var config *multicast.ConfigError
	if !errors.As(err, &config) {
		return err
	}
	if flag, ok := configFlags[config.Field]; ok {
		return cli.Usagef("%s %s %s", flag, config.Value, config.Reason)
	}
	return cli.Usage(err)
}
