package host

import (
	"os"
	"path/filepath"
	"strings"
)

// Place is the kind of machine that this is.
type Place struct {
	// Container is what the process runs in, such as docker, or "".
	Container string
	// Cloud is whose virtual machine this is, or "".
	Cloud string
	// WSL is 1 or 2 in the Windows Subsystem for Linux, else 0.
	WSL int
	// Kernel is its release.
	Kernel string
}

// Place finds out where this process runs.
func (r Roots) Place() (Place, error) {
	release, err := read(r.Proc, "sys/kernel/osrelease")
	if err != nil {
		return Place{}, err
	}
	p := Place{Kernel: strings.TrimSpace(release), Container: r.container(), Cloud: r.cloud()}
	switch low := strings.ToLower(release); {
	case strings.Contains(low, "wsl2"):
		p.WSL = 2
	case strings.Contains(low, "microsoft"):
		p.WSL = 1
	}
	return p, nil
}

// container names the container that the first process runs in. Where the kernel's own threads
// are seen, it runs in none, whatever an image left behind.
func (r Roots) container() string {
	if thread, _ := read(r.Proc, "2/comm"); strings.TrimSpace(thread) == "kthreadd" {
		return ""
	}
	for _, sign := range []struct{ file, name string }{
		{".dockerenv", "docker"}, {"run/.containerenv", "podman"},
		{"run/secrets/kubernetes.io", "kubernetes"},
	} {
		if _, err := os.Stat(filepath.Join(r.Root, sign.file)); err == nil {
			return sign.name
		}
	}
	groups, _ := read(r.Proc, "1/cgroup")
	for _, sign := range []struct{ part, name string }{
		{"kubepods", "kubernetes"}, {"docker", "docker"}, {"libpod", "podman"}, {"/lxc", "lxc"},
		{"containerd", "containerd"},
	} {
		if strings.Contains(groups, sign.part) {
			return sign.name
		}
	}
	environ, _ := read(r.Proc, "1/environ")
	for variable := range strings.SplitSeq(environ, "\x00") {
		if name, ok := strings.CutPrefix(variable, "container="); ok {
			return name
		}
	}
	return ""
}

// clouds are the words that virtual machines of clouds have in their firmware's tables.
var clouds = []struct{ file, word, name string }{
	{"sys_vendor", "Amazon EC2", "Amazon EC2"},
	{"bios_version", "amazon", "Amazon EC2"},
	{"product_name", "Google Compute Engine", "Google Compute Engine"},
	{"chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", "Azure"},
	{"sys_vendor", "DigitalOcean", "DigitalOcean"},
	{"sys_vendor", "Hetzner", "Hetzner Cloud"},
	{"sys_vendor", "Alibaba Cloud", "Alibaba Cloud"},
	{"chassis_asset_tag", "OracleCloud.com", "Oracle Cloud"},
	{"product_name", "OpenStack", "OpenStack"},
	{"sys_vendor", "Vultr", "Vultr"},
	{"sys_vendor", "Linode", "Linode"},
}

func (r Roots) cloud() string {
	for _, c := range clouds {
		text, _ := read(r.Sys, "class/dmi/id", c.file)
		if strings.Contains(text, c.word) {
			return c.name
		}
	}
	return ""
}
