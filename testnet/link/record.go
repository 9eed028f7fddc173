package link

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const (
	// maxRecord bounds a record's text, in bytes after decompression.
	maxRecord = 64 << 20
	// maxSamples bounds what is kept of it.
	maxSamples = 4 << 20
	// maxLine bounds a line of a record that has lines, in bytes.
	maxLine = 64 << 10
)

// ReadBits reads a recorded loss pattern for [TraceLoss]: the digits 0 and 1, 1
// is a lost datagram; white space between them is skipped. Gzip is recognised
// by its content, here and in the other readers of records.
func ReadBits(r io.Reader) ([]bool, error) {
	text, err := openRecord(r)
	if err != nil {
		return nil, recordError("loss", 0, err)
	}
	var lost []bool
	line := 1
	for {
		c, err := text.ReadByte()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, recordError("loss", line, err)
		}
		switch c {
		case '\n':
			line++
		case ' ', '\t', '\r':
		case '0', '1':
			if len(lost) == maxSamples {
				return nil, recordError("loss", line, errTooManySamples)
			}
			lost = append(lost, c == '1')
		default:
			return nil, recordError("loss", line, fmt.Errorf("%q is neither 0 nor 1", c))
		}
	}
	if len(lost) == 0 {
		return nil, recordError("loss", 0, errEmptyRecord)
	}
	return lost, nil
}

// ReadDelays reads recorded delays for [TraceDelay]: a line each, in
// nanoseconds. Empty lines are skipped.
func ReadDelays(r io.Reader) ([]time.Duration, error) {
	var delays []time.Duration
	err := readLines("delay", r, func(_ int, text string) error {
		if text == "" {
			return nil
		}
		ns, err := strconv.ParseInt(text, 10, 64)
		if err != nil || ns < 0 || ns > int64(MaxDelay) {
			return fmt.Errorf("%q is not a delay in nanoseconds, from 0 to %d", clip(text),
				int64(MaxDelay))
		}
		if len(delays) == maxSamples {
			return errTooManySamples
		}
		delays = append(delays, time.Duration(ns))
		return nil
	})
	if err == nil && len(delays) == 0 {
		err = recordError("delay", 0, errEmptyRecord)
	}
	if err != nil {
		return nil, err
	}
	return delays, nil
}

// ReadNoise reads recorded noise for [NoiseLoss]: a whole number of dBm a line.
// Empty lines are skipped.
func ReadNoise(r io.Reader) ([]int16, error) {
	var noise []int16
	err := readLines("noise", r, func(_ int, text string) error {
		if text == "" {
			return nil
		}
		dbm, err := strconv.ParseInt(text, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is not a whole number of dBm, from -32768 to 32767", clip(text))
		}
		if len(noise) == maxSamples {
			return errTooManySamples
		}
		noise = append(noise, int16(dbm))
		return nil
	})
	if err == nil && len(noise) == 0 {
		err = recordError("noise", 0, errEmptyRecord)
	}
	if err != nil {
		return nil, err
	}
	return noise, nil
}

var (
	errEmptyRecord    = errors.New("it is empty")
	errTooManySamples = fmt.Errorf("more than %d samples", maxSamples)
	errRecordTooLarge = fmt.Errorf("more than %d bytes of text", maxRecord)
)

func recordError(kind string, line int, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the compressed data is cut short: %w", err)
	}
	if line == 0 {
		return fmt.Errorf("testnet: %s record: %w", kind, err)
	}
	return fmt.Errorf("testnet: %s record, line %d: %w", kind, line, err)
}

// readLines hands each line to f, without white space at its ends.
func readLines(kind string, r io.Reader, f func(line int, text string) error) error {
	text, err := openRecord(r)
	if err != nil {
		return recordError(kind, 0, err)
	}
	lines := bufio.NewScanner(text)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := f(n, strings.TrimSpace(lines.Text())); err != nil {
			return recordError(kind, n, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return recordError(kind, n+1, fmt.Errorf("longer than %d bytes", maxLine))
	} else if err != nil {
		return recordError(kind, n+1, err)
	}
	return nil
}

// openRecord returns the text of a record that may be compressed.
func openRecord(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReader(r)
	magic, err := b.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return bufio.NewReader(&bounded{r: b, left: maxRecord}), nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return bufio.NewReader(&bounded{r: z, left: maxRecord}), nil
}

// bounded is an io.LimitReader that says when it cut something off.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		var one [1]byte
		if n, err := b.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, errRecordTooLarge
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
