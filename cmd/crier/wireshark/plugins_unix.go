//go:build !windows

package wireshark

import (
	"os"
	"path/filepath"
)

// pluginDir returns the folder of the user's plugins.
func pluginDir() (string, error) {
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "lib", "wireshark", "plugins"), err
}
