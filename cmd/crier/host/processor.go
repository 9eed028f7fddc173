package host

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Processors tells how much of the machine this process may use.
type Processors struct {
	// Usable is how many processors there are for it, Threads how many of them Go uses at
	// once.
	Usable, Threads int
	// Share is how many processors' time its control group gets, 0 without a limit.
	Share float64
	// Memory is how many bytes its control group may have, 0 without a limit.
	Memory int64
	// Governors tells how processors choose their frequency.
	Governors []string
}

// Processors reads what this process may use.
func (r Roots) Processors() (Processors, error) {
	p := Processors{Usable: runtime.NumCPU(), Threads: runtime.GOMAXPROCS(0)}
	if runtime.GOOS != "linux" {
		return p, nil
	}
	files, _ := filepath.Glob(filepath.Join(r.Sys,
		"devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"))
	for _, f := range files {
		text, _ := read(f)
		if g := strings.TrimSpace(text); g != "" && !slices.Contains(p.Governors, g) {
			p.Governors = append(p.Governors, g)
		}
	}
	groups, err := read(r.Proc, "self/cgroup")
	if err != nil {
		return p, err
	}
	return p, p.limits(filepath.Join(r.Sys, "fs/cgroup"), groups)
}

// limits takes the least limits of the process's control groups and those above them, of
// version 2 ("0::/path") and 1 ("4:cpu,cpuacct:/path").
func (p *Processors) limits(root, groups string) error {
	for line := range strings.Lines(groups) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			return fmt.Errorf("a control group is %q", line)
		}
		for dir := f[2]; ; dir = filepath.Dir(dir) {
			switch {
			case f[1] == "":
				p.limit(filepath.Join(root, dir), "memory.max")
				p.limit(filepath.Join(root, "unified", dir), "memory.max")
			case slices.Contains(strings.Split(f[1], ","), "cpu"):
				p.limit(filepath.Join(root, "cpu", dir), "")
				p.limit(filepath.Join(root, "cpu,cpuacct", dir), "")
			case f[1] == "memory":
				p.limit(filepath.Join(root, "memory", dir), "memory.limit_in_bytes")
			}
			if dir == "/" || dir == "." {
				break
			}
		}
	}
	return nil
}

// limit takes the limits of one control group.
func (p *Processors) limit(dir, memory string) {
	if text, err := read(dir, "cpu.max"); err == nil {
		f := strings.Fields(text)
		if len(f) == 2 {
			p.share(f[0], f[1])
		}
	}
	quota, err := read(dir, "cpu.cfs_quota_us")
	period, err2 := read(dir, "cpu.cfs_period_us")
	if err == nil && err2 == nil {
		p.share(strings.TrimSpace(quota), strings.TrimSpace(period))
	}
	if memory == "" {
		return
	}
	text, err := read(dir, memory)
	n, err2 := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	const none = 1 << 60 // version 1 writes a number near 2^63
	if err == nil && err2 == nil && n < none && (p.Memory == 0 || n < p.Memory) {
		p.Memory = n
	}
}

// share takes a quota of time in a period; max or -1 is none.
func (p *Processors) share(quota, period string) {
	q, err := strconv.ParseFloat(quota, 64)
	d, err2 := strconv.ParseFloat(period, 64)
	if err != nil || err2 != nil || q <= 0 || d <= 0 {
		return
	}
	if s := q / d; p.Share == 0 || s < p.Share {
		p.Share = s
	}
}
