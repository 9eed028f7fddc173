package link

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// linkKey is a setting that Parse reads.
type linkKey struct {
	name string
	form string // what stands behind the =; "" if nothing does
	read func(*linkText, string) error
}

var linkKeys = []linkKey{
	{"loss", "SHARE", (*linkText).readLoss},
	{"burst", "SHARE/LENGTH", (*linkText).readBurst},
	{"script", "TEXT", (*linkText).readScript},
	{"delay", "TIME or TIME..TIME", (*linkText).readDelay},
	{"tail", "TIME/TIME", (*linkText).readTail},
	{"unordered", "", (*linkText).readUnordered},
	{"reorder", "SHARE/TIME", (*linkText).readReorder},
	{"duplicate", "SHARE/TIME", (*linkText).readDuplicate},
	{"corrupt", "SHARE", (*linkText).readCorrupt},
	{"rate", "RATE", (*linkText).readRate},
	{"queue", "SIZE", (*linkText).readQueue},
}

// linkText is a link as far as it was read. Its losses are apart, so that their
// order in the text doesn't matter.
type linkText struct {
	cfg                 Config
	loss, burst, script Loss
	tail                ParetoDelay // as far as it was said; Mean is 0 if not
}

// Parse reads a link's configuration from settings with spaces between them, such
// as "loss=1% delay=2ms..3ms". Each may be given once, in any order; no setting
// at all is a perfect link:
//
//	loss=1%             lose each datagram with this probability
//	burst=4%/12         lose 4 % of all datagrams, in bursts of 12 on average
//	script=drop 7; drop 20-29
//	                    lose these datagrams, the first one being 1: ParseScript
//	delay=2ms           take this long
//	delay=2ms..3ms      take anything between, each time as likely
//	tail=1ms/50ms       with delay=TIME, add an excess of a heavy tail: 1 ms on
//	                    average, at most 50 ms (ParetoDelay)
//	unordered           let a datagram overtake another whose delay was longer
//	reorder=1%/500us    hold a share back so much longer, so that others overtake
//	duplicate=1%/100us  deliver a share again, so much later; 0s is at once
//	corrupt=0.1%        damage a share
//	rate=100Mbit        deliver no faster than this, in bits a second
//	queue=64KiB         let no more than this wait for the rate; 64KiB if not said
//
// A share is 0.01 or 1%, a time 250us or 1.5ms or 2s (time.ParseDuration), a
// rate a number of bit, kbit, Mbit, Gbit or Tbit, a size a number of bytes, or
// of B, kB, MB, GB, KiB, MiB or GiB. With several of loss, burst and script, each
// loses its own. A script ends where the next setting begins. An error names the
// setting that is wrong.
func Parse(text string) (Config, error) {
	var l linkText
	given := make(map[string]string) // settings by their names
	for _, setting := range linkSettings(text) {
		if err := l.read(setting, given); err != nil {
			return Config{}, linkError(setting, err)
		}
	}
	if queue, ok := given["queue"]; ok && l.cfg.Rate == 0 {
		return Config{}, linkError(queue, errors.New("queue needs a rate, such as "+
			"rate=100Mbit: an infinitely fast link never queues"))
	}
	if err := l.addTail(); err != nil {
		return Config{}, linkError(given["tail"], err)
	}
	l.cfg.Loss = l.losses()
	if err := l.cfg.Validate(); err != nil { // of settings that don't fit each other
		return Config{}, linkError(text, err)
	}
	return l.cfg, nil
}

// linkError says where an error is.
func linkError(where string, err error) error {
	return fmt.Errorf("testnet: link %q: %s", clip(where),
		strings.TrimPrefix(err.Error(), "testnet: "))
}

// read takes over a setting, and enters it in given.
func (l *linkText) read(setting string, given map[string]string) error {
	name, value, hasValue := strings.Cut(setting, "=")
	value = strings.TrimSpace(value)
	i := slices.IndexFunc(linkKeys, func(k linkKey) bool { return k.name == name })
	if i < 0 {
		var names []string
		for _, k := range linkKeys {
			names = append(names, k.name)
		}
		return fmt.Errorf("there is no setting %q; there are %s", clip(name),
			strings.Join(names, ", "))
	}
	k := linkKeys[i]
	switch _, twice := given[name]; {
	case twice:
		return fmt.Errorf("%s is given twice", name)
	case hasValue && k.form == "":
		return fmt.Errorf("%s stands alone, without a value", name)
	case value == "" && k.form != "":
		return fmt.Errorf("%s needs a value: %s=%s", name, name, k.form)
	}
	given[name] = setting
	return k.read(l, value)
}

// losses is the loss by all its models.
func (l *linkText) losses() Loss {
	var all AnyLoss
	for _, m := range []Loss{l.loss, l.burst, l.script} {
		if m != nil {
			all = append(all, m)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

// linkSettings splits a text into words, of which those of a script stay
// together.
func linkSettings(text string) []string {
	var settings []string
	text = strings.TrimSpace(text)
	for text != "" {
		end := len(firstWord(text))
		if strings.HasPrefix(text, "script=") {
			for rest := trimLeft(text[end:]); rest != ""; {
				w := firstWord(rest)
				if strings.Contains(w, "=") ||
					slices.ContainsFunc(linkKeys, func(k linkKey) bool { return k.name == w }) {
					break
				}
				end = len(text) - len(rest) + len(w)
				rest = trimLeft(rest[len(w):])
			}
		}
		settings = append(settings, text[:end])
		text = trimLeft(text[end:])
	}
	return settings
}

const linkSpaces = " \t\r\n"

func trimLeft(s string) string { return strings.TrimLeft(s, linkSpaces) }

func firstWord(s string) string {
	if i := strings.IndexAny(s, linkSpaces); i >= 0 {
		return s[:i]
	}
	return s
}
