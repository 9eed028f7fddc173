package link

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"crier/testnet/link/linktest"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want Config
	}{
		{"", Config{}},
		{" \n", Config{}},
		{"loss=1%", Config{Loss: Bernoulli{P: 0.01}}},
		{"loss=0.01", Config{Loss: Bernoulli{P: 0.01}}},
		{"loss=0", Config{Loss: Bernoulli{}}},
		{"loss=100%", Config{Loss: Bernoulli{P: 1}}},
		{"loss=.25%", Config{Loss: Bernoulli{P: 0.0025}}},
		{"burst=20%/4", Config{Loss: GilbertElliott{GoodToBad: 0.0625, BadToGood: 0.25,
			LossBad: 1}}},
		{"burst=0.5/1", Config{Loss: GilbertElliott{GoodToBad: 1, BadToGood: 1, LossBad: 1}}},
		{"burst=0%/2.5", Config{Loss: GilbertElliott{BadToGood: 0.4, LossBad: 1}}},
		{"script=drop 7", Config{Loss: mustScript(t, "drop 7")}},
		{"script=drop frame 7; drop 20-29,40+ delay=2ms",
			Config{Loss: mustScript(t, "drop 7, 20-29, 40+"),
				Delay: FixedDelay(2 * time.Millisecond)}},
		{"script=drop 7 # first\ndrop 9 \n unordered",
			Config{Loss: mustScript(t, "drop 7, 9"), Unordered: true}},
		{"script=drop 3 burst=20%/4 loss=0.5",
			Config{Loss: AnyLoss{Bernoulli{P: 0.5},
				GilbertElliott{GoodToBad: 0.0625, BadToGood: 0.25, LossBad: 1},
				mustScript(t, "drop 3")}}},
		{"delay=250us", Config{Delay: FixedDelay(250 * time.Microsecond)}},
		{"delay=0", Config{Delay: FixedDelay(0)}},
		{"delay=2ms..3.5ms", Config{Delay: UniformDelay{Min: 2 * time.Millisecond,
			Max: 3500 * time.Microsecond}}},
		{"delay=1h..1h\tunordered", Config{Delay: UniformDelay{Min: time.Hour, Max: time.Hour},
			Unordered: true}},
		{"tail=1ms/50ms", Config{Delay: ParetoDelay{Mean: time.Millisecond,
			Max: 50 * time.Millisecond}}},
		{"tail=50us/10ms delay=2ms", Config{Delay: ParetoDelay{Min: 2 * time.Millisecond,
			Mean: 50 * time.Microsecond, Max: 12 * time.Millisecond}}},
		{"reorder=1%/500us", Config{Reorder: 0.01, ReorderDelay: 500 * time.Microsecond}},
		{"duplicate=2%/0s", Config{Duplicate: 0.02}},
		{"duplicate=0.02/100us", Config{Duplicate: 0.02, DuplicateDelay: 100 * time.Microsecond}},
		{"corrupt=0.1%", Config{Corrupt: 0.001}},
		{"rate=100Mbit", Config{Rate: 100e6}},
		{"rate=1.1mbit", Config{Rate: 1_100_000}},
		{"rate=9600bit", Config{Rate: 9600}},
		{"rate=1Tbit", Config{Rate: MaxRate}},
		{"queue=64KiB rate=1Gbit", Config{Rate: 1e9, Queue: 64 << 10}},
		{"queue=1500 rate=1kbit", Config{Rate: 1000, Queue: 1500}},
		{"queue=1GiB rate=2.5Gbit", Config{Rate: 2.5e9, Queue: MaxQueue}},
	} {
		got, err := Parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q is %+v, not %+v", c.text, got, c.want)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func TestParseNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"dely=2ms",
			`testnet: link "dely=2ms": there is no setting "dely"; there are loss, burst, ` +
				`script, delay, tail, unordered, reorder, duplicate, corrupt, rate, queue`},
		{"loss=1% 2ms", `link "2ms": there is no setting "2ms"`},
		{"loss=1%,delay=2ms", `link "loss=1%,delay=2ms": "1%,delay=2ms" is not a share`},
		{"Loss=1%", `there is no setting "Loss"`},
		{"delay=2ms loss", `link "loss": loss needs a value: loss=SHARE`},
		{"delay=", `delay needs a value: delay=TIME or TIME..TIME`},
		{"script= delay=2ms", `link "script=": script needs a value`},
		{"loss=1% delay=1ms loss=2%", `link "loss=2%": loss is given twice`},
		{"unordered script=drop 7 # first\ndrop 9 \n unordered",
			`link "unordered": unordered is given twice`},
		{"unordered=1", `link "unordered=1": unordered stands alone`},
		{"unordered=", `unordered stands alone`},

		{"tail=1ms", `the part behind a / is missing`},
		{"tail=0/1ms", `the mean of a tail, and its longest, must be above 0`},
		{"delay=1ms..2ms tail=1ms/2ms",
			`link "tail=1ms/2ms": a tail goes with a delay of one time`},
		{"delay=1h tail=1ms/2ms", `delay and tail come to 1h0m0.002s`},

		{"loss=1.01",
			`link "loss=1.01": "1.01" is not a share: give a number from 0 to 1, or from 0% to ` +
				`100%, such as 0.01 or 1%`},
		{"loss=101%", `"101%" is not a share`},
		{"loss=-1%", `"-1%" is not a share`},
		{"loss=%", `"%" is not a share`},
		{"loss=NaN", `"NaN" is not a share`},
		{"loss=0x1p-3", `"0x1p-3" is not a share`},
		{"loss=1.0.0", `"1.0.0" is not a share`},
		{"corrupt=often", `link "corrupt=often": "often" is not a share`},

		{"burst=4%",
			`link "burst=4%": the part behind a / is missing: write for instance burst=4%/12`},
		{"burst=4/12", `"4" is not a share`},
		{"burst=4%/0.5", `"0.5" is not a burst length`},
		{"burst=4%/2e9", `"2e9" is not a burst length`},
		{"burst=4%/2000000000", `"2000000000" is not a burst length`},
		{"burst=4%/", `"" is not a burst length`},
		{"burst=60%/1",
			`bursts of 1 datagrams on average can't lose more than 50%: lower the share`},
		{"burst=100%/12", `can't lose more than 92.31%`},

		{"script=loose 7",
			`link "script=loose 7": loss script, line 1: "loose 7": unknown word "loose"`},
		{"script=drop 9-3 loss=1%",
			`link "script=drop 9-3": loss script, line 1: "drop 9-3": 9-3 ends before it starts`},
		{"script=drop 1 then loss=1%", `"1 then" is not a frame number`},

		{"delay=2",
			`link "delay=2": "2" is not a time: give one from 0s to 1h0m0s, such as 250us, 1.5ms ` +
				`or 2s`},
		{"delay=2..3ms", `"2" is not a time`},
		{"delay=2ms..", `"" is not a time`},
		{"delay=-1ms", `"-1ms" is not a time`},
		{"delay=61m", `"61m" is not a time`},
		{"delay=3ms..2ms", `the delay ends at 2ms, below its start at 3ms`},

		{"reorder=1%", `write for instance reorder=1%/500us`},
		{"reorder=1%/0s", `give a time above 0`},
		{"reorder=1%/soon", `"soon" is not a time`},
		{"duplicate=1%", `write for instance duplicate=1%/100us`},
		{"duplicate=x/1ms", `"x" is not a share`},

		{"rate=100",
			`link "rate=100": "100" is not a rate: give a number of bit, kbit, Mbit, Gbit or ` +
				`Tbit a second`},
		{"rate=0bit", `"0bit" is not a rate`},
		{"rate=0.5bit", `"0.5bit" is not a rate`},
		{"rate=2Tbit", `"2Tbit" is not a rate`},
		{"rate=100MB", `"100MB" is not a rate`},
		{"rate=-1Mbit", `"-1Mbit" is not a rate`},
		{"rate=1Mbit queue=0", `"0" is not a queue size`},
		{"rate=1Mbit queue=2GiB", `"2GiB" is not a queue size`},
		{"rate=1Mbit queue=64K", `"64K" is not a queue size`},
		{"rate=1Mbit queue=" + strings.Repeat("9", 400), `is not a queue size`},
		{"loss=1% queue=64KiB", `link "queue=64KiB": queue needs a rate, such as rate=100Mbit`},
		{"rate=1bit queue=64KiB",
			`link "rate=1bit queue=64KiB": a Queue of 65536 bytes takes longer than 1h0m0s`},
	} {
		cfg, err := Parse(c.text)
		linktest.WantError(t, err, c.says)
		if err != nil && strings.Count(err.Error(), "testnet:") != 1 {
			t.Errorf("%v", err)
		}
		if !reflect.DeepEqual(cfg, Config{}) {
			t.Errorf("%q: %+v besides an error", c.text, cfg)
		}
	}
}

// A burst that a text asks for loses what it says, in bursts as long as it says.
func TestParseBurstKeepsItsWord(t *testing.T) {
	const n = 1_000_000
	for _, c := range []struct {
		text          string
		share, length float64
	}{
		{"burst=4%/12", 0.04, 12},
		{"burst=0.5%/2.5", 0.005, 2.5},
		{"burst=30%/3", 0.3, 3},
		{"burst=1%/1", 0.01, 1},
	} {
		cfg, err := Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		lost := lossesOf(t, mustLink(t, cfg, 5), n, 1)

		// The states are correlated with r a step, which widens the variance.
		q := 1 / c.length
		r := 1 - q - q*c.share/(1-c.share)
		sd := math.Sqrt(n * c.share * (1 - c.share) * (1 + r) / (1 - r))
		linktest.Within(t, c.text+": losses", float64(countLost(lost)), n*c.share, sd)

		bursts := 0
		for i := 1; i < n; i++ {
			if lost[i] && !lost[i-1] {
				bursts++
			}
		}
		mean := float64(countLost(lost)) / float64(bursts)
		// Geometric lengths; 1e-3 for the bursts at both ends.
		linktest.Within(t, c.text+": mean burst", mean, c.length,
			math.Sqrt((1-q)/float64(bursts))/q+1e-3)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("loss=1% burst=4%/12 script=drop 7; drop 9+ delay=2ms..3ms unordered")
	f.Add("reorder=1%/500us duplicate=1%/100us corrupt=0.1% rate=100Mbit queue=64KiB")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := Parse(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "testnet: link ") {
				t.Errorf("%v", err)
			}
			return
		}
		if err := cfg.Validate(); err != nil {
			t.Errorf("%q passes, and yet %v", text, err)
		}
	})
}
