//go:build !windows

package statefile

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// replaceFile replaces a file by one with this content: at any moment one or the other is there,
// as a whole.
func replaceFile(path string, content []byte) error {
	return renameio.WriteFile(path, content, 0o644, renameio.WithTempDir(filepath.Dir(path)))
}

// tidy removes what replaceFile leaves of a file if the process is killed meanwhile.
func tidy(path string) {
	dir := filepath.Dir(path)
	entries, _ := os.ReadDir(dir) // what can't be read stays
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), "."+filepath.Base(path))
		if ok && number != "" && strings.Trim(number, "0123456789") == "" {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
