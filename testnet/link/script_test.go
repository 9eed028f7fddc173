package link

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestScriptsDropWhatTheyName(t *testing.T) {
	for _, c := range []struct {
		text, canonical string
		lost            []int // of 12 datagrams
	}{
		{"drop frame 7", "drop 7", []int{7}},
		{"drop 3-9", "drop 3-9", []int{3, 4, 5, 6, 7, 8, 9}},
		{"drop 10+", "drop 10+", []int{10, 11, 12}},
		{"drop 1, 3-4 , 12", "drop 1, 3-4, 12", []int{1, 3, 4, 12}},
		{"drop frames 5-5", "drop 5", []int{5}},
		{"drop 9; drop 2\ndrop 4 # and this\n\n# drop 6\n", "drop 2, 4, 9", []int{2, 4, 9}},
		{"drop 3-5, 4-6, 7, 1+", "drop 1+", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{"drop 2-3, 4, 3", "drop 2-4", []int{2, 3, 4}},
		{"\tdrop\t 2 - 3\r\n", "drop 2-3", []int{2, 3}},
		{"drop 9223372036854775807+", "drop 9223372036854775807+", nil},
	} {
		s, err := ParseScript(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if s.String() != c.canonical {
			t.Errorf("%q prints as %q, not %q", c.text, s, c.canonical)
		}
		var got []int
		for i, lost := range lossesOf(t, mustLink(t, Config{Loss: s}, 1), 12, 1) {
			if lost {
				got = append(got, i+1)
			}
		}
		if !slices.Equal(got, c.lost) {
			t.Errorf("%q lost %v, not %v", c.text, got, c.lost)
		}
	}
	if lost := lossesOf(t, mustLink(t, Config{Loss: Script{}}, 1), 12, 1); countLost(lost) != 0 {
		t.Error("the zero Script loses something")
	}
}

func TestScriptErrorsNameLineAndReason(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", `loss script drops nothing; write for instance "drop frame 7"`},
		{"# drop 7", "drops nothing"},
		{"lose 7", `line 1: "lose 7": unknown word "lose"`},
		{"drop 1\ndrop", `line 2: "drop": which frames? write 7, 3-9 or 100+`},
		{"drop frame", "which frames?"},
		{"drop 0", "frames are numbered from 1, not 0"},
		{"drop 9-3", "9-3 ends before it starts"},
		{"drop 3-", `"" is not a frame number`},
		{"drop -3", `"" is not a frame number`},
		{"drop 1,,2", `"" is not a frame number`},
		{"drop 1 2", `"1 2" is not a frame number`},
		{"drop 1-2-3", `"2-3" is not a frame number`},
		{"drop +", `"" is not a frame number`},
		{"drop 1.5", `"1.5" is not a frame number; write 7, 3-9 or 100+`},
		{"drop 9223372036854775808", "9223372036854775808 is too large for a frame number"},
		{"drop 1\n\n\ndrop 2; drop x", `line 4: "drop x": "x" is not a frame number`},
		{"drop " + strings.Repeat("9", 10_000), "99... is too large"},
		{strings.Repeat("#", maxScript+1), "loss script of 1048577 bytes is too long"},
	} {
		_, err := ParseScript(c.text)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.40q: error %v doesn't say %q", c.text, err, c.says)
		}
		if err != nil && len(err.Error()) > 250 {
			t.Errorf("%.40q: the error is %d bytes long", c.text, len(err.Error()))
		}
	}
}

func FuzzParseScript(f *testing.F) {
	for _, s := range []string{"drop frame 7", "drop 3-9, 100+", "drop 1;drop 2 # x\n", "drop 9-3",
		"drop 1-2-3,+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScript(text)
		if err != nil {
			return
		}
		again, err := ParseScript(s.String())
		if err != nil {
			t.Fatalf("%q prints as %q, which is refused: %v", text, s, err)
		}
		if fmt.Sprint(again.drops) != fmt.Sprint(s.drops) {
			t.Fatalf("%q prints as %q, which means %q", text, s, again)
		}
		for i, r := range s.drops {
			if r.last < r.first || i > 0 && r.first-1 <= s.drops[i-1].last {
				t.Fatalf("%q: spans %v are not ascending with room between them", text, s.drops)
			}
		}
	})
}
