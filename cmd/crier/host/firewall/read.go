package firewall

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// patience is how long nft and its like may take.
const patience = time.Second

// Read reads the rules in force in this network namespace, those of nft and of both kinds of
// iptables. It needs root.
func Read(ctx context.Context) (*Ruleset, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("not readable on this system")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r := &Ruleset{}
	nft := find("nft")
	if nft != "" {
		data, err := output(ctx, nft, "-j", "list", "ruleset")
		if err != nil {
			return nil, err
		}
		text, err := output(ctx, nft, "-a", "list", "ruleset")
		if err != nil {
			return nil, err
		}
		if r, err = ParseNFT(data, text); err != nil {
			return nil, err
		}
	}
	some := nft != ""
	for _, family := range []struct{ name, program, legacy string }{
		{"ip", "iptables", "ip_tables_names"}, {"ip6", "ip6tables", "ip6_tables_names"},
	} {
		save := func(names ...string) error {
			path := find(names...)
			if path == "" {
				return nil
			}
			text, err := output(ctx, path)
			if err == nil {
				r.replace(ParseTables(text, family.name, setter(path, find(family.program))))
				some = true
			}
			return err
		}
		// Tables of iptables that nft shows have parts which only iptables can tell.
		if r.foreign(family.name) || nft == "" {
			if err := save(family.program+"-nft-save", family.program+"-save"); err != nil {
				return nil, err
			}
		}
		names, _ := os.ReadFile("/proc/thread-self/net/" + family.legacy)
		if len(names) == 0 {
			continue
		}
		if err := save(family.program+"-legacy-save", family.program+"-save"); err != nil {
			return nil, err
		}
	}
	if !some {
		return nil, errors.New("neither nft nor iptables-save is installed")
	}
	return r, nil
}

// foreign reports whether iptables manages tables of a family.
func (r *Ruleset) foreign(family string) bool {
	return slices.ContainsFunc(r.Chains, func(c *Chain) bool {
		return c.Family == family && c.foreign
	})
}

// replace adds the chains of iptables, and takes out those that nft shows of the same tables.
func (r *Ruleset) replace(tables *Ruleset) {
	r.Chains = slices.DeleteFunc(r.Chains, func(c *Chain) bool {
		return c.Program == "" && slices.ContainsFunc(tables.Chains, func(t *Chain) bool {
			return t.Family == c.Family && t.Table == c.Table && t.Name == c.Name
		})
	})
	r.Chains = append(r.Chains, tables.Chains...)
}

// setter names the program that sets the rules which another one saves: that of the same kind,
// as there may be two, iptables-nft and iptables-legacy. Where it is the usual one, its name is
// short.
func setter(save, usual string) string {
	saves, err := filepath.EvalSymlinks(save)
	sets, err2 := filepath.EvalSymlinks(usual)
	if err == nil && err2 == nil && saves == sets {
		return filepath.Base(usual)
	}
	return strings.TrimSuffix(filepath.Base(save), "-save")
}

// find returns the path of the first of the programs that there is, "" if there is none. The
// PATH of ordinary users often leaves out the folders of such programs.
func find(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
				return path
			}
		}
	}
	return ""
}

// output runs a program and returns what it prints.
func output(ctx context.Context, path string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, path, args...)
	apart(c)
	data, err := c.Output()
	if err == nil {
		return data, nil
	}
	name := filepath.Base(path)
	if ctx.Err() == context.DeadlineExceeded {
		return nil, fmt.Errorf(
			"%s took longer than %v, as it does with sets of many elements", name,
			patience)
	}
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
