package cli

import (
	"bytes"
	"testing"
)

// A line at the bottom is rewritten, cut to the terminal's width, and text
// scrolls by above it.
func TestConsole(t *testing.T) {
	var b bytes.Buffer
	c := &Console{out: &b, wide: func() int { return 11 }}
	other := beside{c, &b}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { c.Write([]byte("text\n")) }, "text\n"},
		{func() { c.Show("") }, ""},
		{func() { c.Show("12345") }, clearLine + "12345"},
		{func() { c.Write([]byte("text\n")) }, clearLine + "text\n12345"},
		{func() { c.Show("1234567890ü") }, clearLine + "1234567890"},
		{func() { c.Show("üüüüüüüüüüüü") }, clearLine + "üüüüüüüüüü"},
		{func() { other.Write([]byte("whole\n")) }, clearLine + "whole\nüüüüüüüüüü"},
		{func() { other.Write([]byte("part")) }, clearLine + "part"},
		{func() { c.Show("later") }, ""},
		{func() { other.Write([]byte(" whole\n")) }, " whole\nlater"},
		{func() { c.Show("") }, clearLine},
		{func() { other.Write([]byte("whole\n")) }, "whole\n"},
		{func() { c.Write([]byte("text\n")) }, "text\n"},
	} {
		b.Reset()
		if step.do(); b.String() != step.want {
			t.Errorf("%q, want %q", b.String(), step.want)
		}
	}
	// A sentence is broken between words, and what is laid out isn't.
	b.Reset()
	c = &Console{out: &b, wide: func() int { return 40 }}
	long := "crier sub: a sentence that is longer than forty columns\n"
	laid := "     figures          that stand below    each other\n"
	c.Write([]byte(long + laid))
	want := "crier sub: a sentence that is longer\n  than forty columns\n" + laid
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	// Only a terminal gets a line.
	b.Reset()
	c = NewConsole(&b)
	if c.Show("line"); c.Live() || b.Len() > 0 {
		t.Errorf("%q", b.String())
	}
}
