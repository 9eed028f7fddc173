// Package wireshark is "crier wireshark": a dissector for Wireshark, in Lua.
package wireshark

import (
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"crier/cmd/crier/cli"
)

// lua holds the dissector's parts.
//
//go:embed *.lua
var lua embed.FS

// parts lists the parts in the order in which they need each other.
var parts = []string{"crier", "fields", "crc32c", "numbers", "texts", "msgpack", "kinds", "teams",
	"frames",
	"memory", "tree", "datagrams"}

// Dissector returns the dissector: one Lua file.
func Dissector() string {
	var b strings.Builder
	for i, name := range parts {
		text, err := lua.ReadFile(name + ".lua")
		if err != nil {
			panic(err) // it is in the binary
		}
		if i > 0 {
			fmt.Fprintf(&b, "\n%s\n", strings.Repeat("-", 90))
		}
		b.Write(text)
	}
	return b.String()
}

// Command is "crier wireshark".
func Command() *cli.Command {
	return &cli.Command{
		Name:  "wireshark",
		Brief: "print a dissector for Wireshark",
		Help: `Prints a dissector in Lua, with which Wireshark and tshark (4.0 or later) show
crier's frames: every field, the chunks, the frame inside a REPAIR, NACKs and their answers,
gaps, damage and losses. It claims nothing that isn't crier's. It goes where
Wireshark looks for plugins, or on tshark's command line with -X lua_script:crier.lua.

Fields to filter by are crier.kind, crier.session, crier.sequence, crier.offset,
crier.missing, crier.gap and more. Preferences of the protocol crier turn off what
takes time: to check the tags, and to look for gaps and answers.

Examples:

  # for tshark's command line
  crier wireshark > crier.lua

  # where Wireshark looks for it, as --install writes it
  crier wireshark > ~/.local/lib/wireshark/plugins/crier.lua

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			install := flags.Bool("install", false,
				"write it into the folder of your own Wireshark plugins instead")
			return func(_ context.Context, std cli.Streams) (int, error) {
				if !*install {
					_, err := io.WriteString(std.Out, Dissector())
					return cli.ExitOK, err
				}
				path, err := writePlugin()
				if err == nil {
					fmt.Fprintf(std.Err, "crier wireshark: wrote %s; in Wireshark, Analyze > "+
						"Reload Lua Plugins loads it\n", path)
				}
				return cli.ExitOK, err
			}
		},
	}
}

// writePlugin writes the dissector into the user's folder of plugins, and returns its path.
func writePlugin() (string, error) {
	dir, err := pluginDir()
	if err != nil {
		return "", fmt.Errorf("there is no home folder to install into (%w): name a file with "+
			"crier wireshark > crier.lua", err)
	}
	path := filepath.Join(dir, "crier.lua")
	if err = os.MkdirAll(dir, 0o755); err == nil {
		err = os.WriteFile(path, []byte(Dissector()), 0o644)
	}
	if err != nil {
		return "", fmt.Errorf("%s can't be written (%w): name another file with crier wireshark > "+
			"crier.lua", path, cli.BareError(err))
	}
	return path, nil
}
