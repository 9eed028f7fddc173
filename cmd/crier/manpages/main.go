// Command manpages writes the pages of crier for man(1) into a directory:
//
//	go run ./cmd/crier/manpages DIR
//
// Their date is the day of SOURCE_DATE_EPOCH, or today.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/commands"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "manpages: it takes one directory, for the pages")
		os.Exit(cli.ExitUsage)
	}
	if err := write(commands.Tool(), os.Args[1], date()); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(cli.ExitError)
	}
}

// date returns the date of the pages, which packagers set so that they build the same twice.
func date() string {
	at := time.Now()
	if epoch, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		at = time.Unix(epoch, 0)
	}
	return at.UTC().Format(time.DateOnly)
}

// write makes the directory, and writes a page for the tool and one for each of its commands.
func write(tool *cli.Tool, dir, date string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	pages := []*page{overview(tool)}
	tool.Walk(func(c *cli.Command, flags *cli.FlagSet) { pages = append(pages, command(c, flags)) })
	for _, p := range pages {
		p.seeAlso(pages)
		if err := os.WriteFile(filepath.Join(dir, p.name+".1"), p.bytes(date), 0o666); err != nil {
			return err
		}
	}
	return nil
}
