package cli

import "os"

// closedStream stands for a standard stream that was closed before the process started.
// The Go runtime opens /dev/null in its place, which would swallow everything.
type closedStream struct{ err closedError }

// closedError is the error of a closed stream.
type closedError string

func (e closedError) Error() string { return string(e) }

const (
	closedInput closedError = "standard input was closed before the start, and holds nothing: " +
		"name a file in place of -"
	closedOutput closedError = "standard output was closed before the start, or is /dev/null " +
		"opened for reading too, which looks the same; " +
		"give it a place to go to, or discard it with > /dev/null"
)

func (c closedStream) Read([]byte) (int, error)  { return 0, c.err }
func (c closedStream) Write([]byte) (int, error) { return 0, c.err }

// Standard returns the process's own streams. A closed standard error is ignored: the exit
// code remains.
func Standard() Streams {
	std := Streams{os.Stdin, os.Stdout, os.Stderr}
	if closedBefore(0) {
		std.In = closedStream{closedInput}
	}
	if closedBefore(1) {
		std.Out = closedStream{closedOutput}
	}
	return std
}

// Closed returns an error if the stream was closed from the start.
func Closed(stream any) error {
	if out, ok := stream.(standardOutput); ok {
		stream = out.Writer
	}
	if c, ok := stream.(closedStream); ok {
		return c.err
	}
	return nil
}
