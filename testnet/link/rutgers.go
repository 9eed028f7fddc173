package link

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// RutgersLink is one row of the Rutgers ORBIT record: the packets that one receiver heard of
// one sender.
type RutgersLink struct {
	Noise            int    // injected noise power, in dBm
	Sender, Receiver string // nodes of the grid, such as 1-2
	Lost             []bool // one a packet; for TraceLoss
}

// rutgersHeader is the record's first line.
const rutgersHeader = "noise_dbm,sender,receiver,received,bitmap"

// ReadRutgers reads the Rutgers ORBIT multi-receiver record: after a header, a
// row a link of noise_dbm, sender, receiver, received and bitmap, where a 1 in
// the bitmap is a packet received, and received is how many ones there are.
func ReadRutgers(r io.Reader) ([]RutgersLink, error) {
	var links []RutgersLink
	samples := 0
	err := readLines("Rutgers", r, func(line int, text string) error {
		if line == 1 {
			if text != rutgersHeader {
				return fmt.Errorf("the header is %q, not %q", clip(text), rutgersHeader)
			}
			return nil
		}
		if text == "" {
			return nil
		}
		l, err := parseRutgers(text)
		if err != nil {
			return err
		}
		if samples += len(l.Lost); samples > maxSamples {
			return errTooManySamples
		}
		links = append(links, l)
		return nil
	})
	if err == nil && len(links) == 0 {
		err = recordError("Rutgers", 0, errEmptyRecord)
	}
	if err != nil {
		return nil, err
	}
	return links, nil
}

func parseRutgers(row string) (RutgersLink, error) {
	fields := strings.Split(row, ",")
	if len(fields) != 5 {
		return RutgersLink{}, fmt.Errorf("a row has %d fields, not 5", len(fields))
	}
	noise, err := strconv.Atoi(fields[0])
	if err != nil {
		return RutgersLink{}, fmt.Errorf("noise_dbm %q is not a whole number", clip(fields[0]))
	}
	received, err := strconv.Atoi(fields[3])
	if err != nil {
		return RutgersLink{}, fmt.Errorf("received %q is not a whole number", clip(fields[3]))
	}
	bitmap := fields[4]
	if bitmap == "" || strings.Trim(bitmap, "01") != "" {
		return RutgersLink{}, fmt.Errorf("bitmap %q is not made of 0 and 1", clip(bitmap))
	}
	if ones := strings.Count(bitmap, "1"); ones != received {
		return RutgersLink{}, fmt.Errorf("received is %d, but the bitmap has %d ones", received,
			ones)
	}
	l := RutgersLink{Noise: noise, Sender: fields[1], Receiver: fields[2],
		Lost: make([]bool, len(bitmap))}
	for i := range bitmap {
		l.Lost[i] = bitmap[i] == '0'
	}
	return l, nil
}
