// Package commands is the table of the tool's commands.
package commands

import (
	"crier/cmd/crier/bench"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/decode"
	"crier/cmd/crier/demo"
	"crier/cmd/crier/doctor"
	"crier/cmd/crier/logs"
	"crier/cmd/crier/ls"
	"crier/cmd/crier/pub"
	"crier/cmd/crier/record"
	"crier/cmd/crier/replay"
	"crier/cmd/crier/sim"
	"crier/cmd/crier/sub"
	"crier/cmd/crier/team"
	"crier/cmd/crier/wireshark"
)

// Tool returns the whole tool.
func Tool() *cli.Tool {
	return &cli.Tool{
		About: `crier: brokerless messaging over UDP multicast; what is lost is named.

`,
		Commands: []*cli.Command{demo.Command(), pub.Command(), sub.Command(), ls.Command(),
			team.Command(), record.Command(), replay.Command(), logs.Command(), sim.Command(),
			bench.Command(), doctor.Command(), decode.Command(), wireshark.Command(), bench.Worker()},
		Notes: `
Examples:

  crier sub --until-end          # in one terminal
  seq 10 | crier pub --from -    # in another

Exit codes: 0 nothing is missing; 3 something may be; 2 usage; 1 other errors.
`,
	}
}
