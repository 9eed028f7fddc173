package wireshark

import (
	"os"
	"path/filepath"
)

// pluginDir returns the folder of the user's plugins.
func pluginDir() (string, error) {
	config, err := os.UserConfigDir()
	return filepath.Join(config, "Wireshark", "plugins"), err
}
