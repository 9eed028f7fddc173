package cli

import (
	"io"
	"io/fs"
	"os"
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Piped reports whether a stream is a pipe or a socket to another process.
func Piped(stream any) bool {
	if out, ok := stream.(standardOutput); ok {
		return Piped(out.Writer)
	}
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0
}
