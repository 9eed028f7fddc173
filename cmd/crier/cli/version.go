package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version describes this build.
func Version() string {
	v, revision := "development", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return fmt.Sprintf("crier %s%s %s %s/%s", v, revision, runtime.Version(), runtime.GOOS,
		runtime.GOARCH)
}
