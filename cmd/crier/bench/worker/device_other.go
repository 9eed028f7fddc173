//go:build !linux

package worker

import "crier/cmd/crier/bench/job"

// deviceUse is not known here.
func deviceUse() job.DeviceBytes { return job.DeviceBytes{} }
