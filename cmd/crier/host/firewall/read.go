package firewall

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// patience is how long nft may take.
const patience = time.Second

// Read reads the rules in force in this network namespace. It needs root.
func Read(ctx context.Context) (*Ruleset, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("not readable on this system")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	nft := find("nft")
	if nft == "" {
		return nil, errors.New("nft is not installed")
	}
	data, err := output(ctx, nft, "-j", "list", "ruleset")
	if err != nil {
		return nil, err
	}
	text, err := output(ctx, nft, "-a", "list", "ruleset")
	if err != nil {
		return nil, err
	}
	return ParseNFT(data, text)
}

// find returns a program's path, "" if there is none. The PATH of ordinary users often leaves
// out the folders of such programs.
func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// output runs a program and returns what it prints.
func output(ctx context.Context, path string, args ...string) ([]byte, error) {
	data, err := exec.CommandContext(ctx, path, args...).Output()
	if err == nil {
		return data, nil
	}
	name := filepath.Base(path)
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("only root may read the rules, with %s", name)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		first, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		return nil, fmt.Errorf("%s says: %s", name, first)
	}
	return nil, fmt.Errorf("%s: %w", name, err)
}
