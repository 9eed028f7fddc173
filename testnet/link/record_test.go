package link

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRecordsAreReadPlainAndZipped(t *testing.T) {
	bitsText, delayText, noiseText := "0 1\r\n1\n\n0", "5\n\n 70\r\n0\n", "-98\n3\n"
	for _, pack := range []func(string) io.Reader{
		func(s string) io.Reader { return strings.NewReader(s) },
		func(s string) io.Reader { return bytes.NewReader(zipped(t, s)) },
	} {
		lost, err := ReadBits(pack(bitsText))
		if err != nil || !slices.Equal(lost, []bool{false, true, true, false}) {
			t.Errorf("bits %v, %v", lost, err)
		}
		delays, err := ReadDelays(pack(delayText))
		if err != nil || !slices.Equal(delays, []time.Duration{5, 70, 0}) {
			t.Errorf("delays %v, %v", delays, err)
		}
		noise, err := ReadNoise(pack(noiseText))
		if err != nil || !slices.Equal(noise, []int16{-98, 3}) {
			t.Errorf("noise %v, %v", noise, err)
		}
		links, err := ReadRutgers(pack(rutgersHeader + "\n-10,1-2,3-4,2,1011\n"))
		if err == nil {
			t.Errorf("a bitmap with three ones passes for two: %v", links)
		}
		links, err = ReadRutgers(pack(rutgersHeader + "\n-10,1-2,3-4,3,1011\n"))
		if err != nil || len(links) != 1 || links[0].Noise != -10 || links[0].Sender != "1-2" ||
			links[0].Receiver != "3-4" || !slices.Equal(links[0].Lost,
			[]bool{false, true, false, false}) {
			t.Errorf("links %v, %v", links, err)
		}
	}
}

func TestRecordErrorsNameLineAndReason(t *testing.T) {
	readBits := func(r io.Reader) error { _, err := ReadBits(r); return err }
	readDelays := func(r io.Reader) error { _, err := ReadDelays(r); return err }
	readNoise := func(r io.Reader) error { _, err := ReadNoise(r); return err }
	readRutgers := func(r io.Reader) error { _, err := ReadRutgers(r); return err }
	packed := string(zipped(t, strings.Repeat("0\n1\n", 1000)))
	for _, c := range []struct {
		read       func(io.Reader) error
		text, says string
	}{
		{readBits, "", "testnet: loss record: it is empty"},
		{readBits, "\n \n", "it is empty"},
		{readBits, "01\n0x", `loss record, line 2: 'x' is neither 0 nor 1`},
		{readBits, packed[:len(packed)-9], "the compressed data is cut short"},
		{readBits, packed[:3], "loss record: the compressed data is cut short"},
		{readBits, "\x1f\x8bnothing zipped", "gzip: invalid header"},
		{readBits, strings.Repeat("0", maxSamples+1), "line 1: more than 4194304 samples"},
		{readDelays, "", "testnet: delay record: it is empty"},
		{readDelays, "5\n-1",
			`delay record, line 2: "-1" is not a delay in nanoseconds, from 0 to 3600000000000`},
		{readDelays, "3600000000001", "is not a delay"},
		{readDelays, "1e6", "is not a delay"},
		{readDelays, packed[:len(packed)-9], "the compressed data is cut short"},
		{readDelays, strings.Repeat("1", maxLine+1), "line 1: longer than 65536 bytes"},
		{readNoise, "", "noise record: it is empty"},
		{readNoise, "-98\n\n-98.5", `noise record, line 3: "-98.5" is not a whole number of dBm`},
		{readNoise, "40000", "from -32768 to 32767"},
		{readRutgers, "", "Rutgers record: it is empty"},
		{readRutgers, rutgersHeader, "it is empty"},
		{readRutgers, "sender,receiver",
			`line 1: the header is "sender,receiver", not "noise_dbm,`},
		{readRutgers, rutgersHeader + "\n0,1-1,1-2,1", "line 2: a row has 4 fields, not 5"},
		{readRutgers, rutgersHeader + "\nloud,1-1,1-2,1,1", `noise_dbm "loud"`},
		{readRutgers, rutgersHeader + "\n0,1-1,1-2,one,1", `received "one"`},
		{readRutgers, rutgersHeader + "\n0,1-1,1-2,1,1?0", `bitmap "1?0" is not made of 0 and 1`},
		{readRutgers, rutgersHeader + "\n0,1-1,1-2,0,", `bitmap "" is not made of 0 and 1`},
		{readRutgers, rutgersHeader + "\n0,1-1,1-2,2,100",
			"received is 2, but the bitmap has 1 ones"},
	} {
		err := c.read(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.30q: error %v doesn't say %q", c.text, err, c.says)
		}
	}
	for left, want := range []error{errRecordTooLarge, errRecordTooLarge, errRecordTooLarge, nil,
		nil} {
		text, err := io.ReadAll(&bounded{r: strings.NewReader("123"), left: left})
		if err != want || len(text) != min(left, 3) {
			t.Errorf("of 3 bytes with %d allowed %q was read, and then %v", left, text, err)
		}
	}
	broken := errors.New("the disk is on fire")
	if err := readBits(io.MultiReader(strings.NewReader("01"), failing{broken})); !errors.Is(err,
		broken) {
		t.Errorf("the reader's own error is hidden: %v", err)
	}
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
