package host

import (
	"net"
	"os"
	"runtime"
	"testing"
)

func TestPlace(t *testing.T) {
	const kernel = "proc/sys/kernel/osrelease"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Place
	}{
		{"plain", map[string]string{kernel: "6.12.1-amd64\n"}, Place{Kernel: "6.12.1-amd64"}},
		{"docker", map[string]string{kernel: "6.12.1", ".dockerenv": "", "proc/2/comm": "sh\n"},
			Place{Kernel: "6.12.1", Container: "docker"}},
		{"what docker left", map[string]string{kernel: "6.12.1", ".dockerenv": "",
			"proc/2/comm": "kthreadd\n"}, Place{Kernel: "6.12.1"}},
		{"kubernetes", map[string]string{kernel: "6.12.1",
			"proc/1/cgroup": "0::/kubepods.slice/x\n"},
			Place{Kernel: "6.12.1", Container: "kubernetes"}},
		{"systemd-nspawn", map[string]string{kernel: "6.12.1",
			"proc/1/environ": "A=b\x00container=systemd-nspawn\x00"},
			Place{Kernel: "6.12.1", Container: "systemd-nspawn"}},
		{"EC2", map[string]string{kernel: "6.12.1", "sys/class/dmi/id/sys_vendor": "Amazon EC2\n"},
			Place{Kernel: "6.12.1", Cloud: "Amazon EC2"}},
		{"Azure", map[string]string{kernel: "6.12.1",
			"sys/class/dmi/id/chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77\n"},
			Place{Kernel: "6.12.1", Cloud: "Azure"}},
		{"WSL", map[string]string{kernel: "5.15.1-microsoft-standard-WSL2\n"},
			Place{Kernel: "5.15.1-microsoft-standard-WSL2", WSL: 2}},
		{"old WSL", map[string]string{kernel: "4.4.0-19041-Microsoft\n"},
			Place{Kernel: "4.4.0-19041-Microsoft", WSL: 1}},
	} {
		got, err := recorded(t, c.files).Place()
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
	if _, err := recorded(t, nil).Place(); err == nil {
		t.Error("without a kernel's release there is no error")
	}
}

func TestProcessors(t *testing.T) {
	const groups = "proc/self/cgroup"
	for _, c := range []struct {
		name   string
		files  map[string]string
		share  float64
		memory int64
	}{
		{"version 2, the parent's limit is less", map[string]string{groups: "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.max":    "max 100000\n",
			"sys/fs/cgroup/a/cpu.max":      "150000 100000\n",
			"sys/fs/cgroup/a/b/memory.max": "268435456\n",
			"sys/fs/cgroup/memory.max":     "max\n"}, 1.5, 256 << 20},
		{"version 1", map[string]string{groups: "4:memory:/x\n3:cpu,cpuacct:/x\n0::/\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_quota_us":           "50000\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_period_us":          "100000\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes":   "1048576\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":             "-1\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us":            "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us":   "nonsense\n",
			"sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us":  "100000\n",
			"sys/devices/system/cpu/cpu0/cpufreq/unrelevant": "x",
		}, 0.5, 1 << 20},
		{"none", map[string]string{groups: "0::/\n"}, 0, 0},
	} {
		p, err := recorded(t, c.files).Processors()
		if err != nil || p.Share != c.share || p.Memory != c.memory || p.Usable < 1 {
			t.Errorf("%s: %+v, %v; want %g processors, %d bytes", c.name, p, err, c.share, c.memory)
		}
	}
	p, err := recorded(t, map[string]string{groups: "rubbish\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
		"sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
	}).Processors()
	if err == nil || len(p.Governors) != 1 || p.Governors[0] != "powersave" {
		t.Errorf("%+v, %v", p, err)
	}
}

// Sockets that were made after the owners were read have one, too.
func TestAddOwners(t *testing.T) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer c.Close()
	m := &Machine{Owners: Of(make(map[uint64]Process), nil)}
	Live().AddOwners(m)
	for _, p := range m.Owners.Value {
		if p.PID == os.Getpid() {
			return
		}
	}
	if runtime.GOOS == "linux" {
		t.Errorf("this process isn't among %v", m.Owners.Value)
	}
}
