package firewall

import (
	"slices"
	"strings"
)

// ParseTables reads what iptables-save prints for the family ip, or ip6tables-save for ip6.
// program sets such rules.
func ParseTables(text []byte, family, program string) *Ruleset {
	r := &Ruleset{}
	table := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case strings.HasPrefix(line, ":"):
			r.Chains = append(r.Chains, tablesChain(family, table, program,
				strings.Fields(line[1:])))
		case strings.HasPrefix(line, "-A "):
			t := &tablesRule{words: words(line), family: family}
			of := &Chain{Family: family, Table: table, Program: program}
			if c := r.chain(of, t.next()); c != nil {
				t.parse(func(name string) bool { return r.chain(of, name) != nil })
				t.rule.Text = strings.TrimPrefix(line, "-A "+c.Name+" ")
				c.Rules = append(c.Rules, &t.rule)
			}
		}
	}
	return r
}

// builtIn are the chains at hooks.
var builtIn = []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}

// tablesChain makes a chain of its line: its name, its policy, counters.
func tablesChain(family, table, program string, fields []string) *Chain {
	c := &Chain{Family: family, Table: table, Program: program, Type: "filter", Policy: Accept}
	if table == "nat" {
		c.Type = "nat"
	}
	if len(fields) > 0 {
		c.Name = fields[0]
	}
	if slices.Contains(builtIn, c.Name) {
		c.Hook = strings.ToLower(c.Name)
		if len(fields) > 1 && fields[1] == "DROP" {
			c.Policy = Drop
		}
	}
	return c
}

// words splits a line into words, of which some are quoted.
func words(line string) []string {
	var list []string
	var b strings.Builder
	quoted, some := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted, some = !quoted, true
		case c == '\\' && quoted && i+1 < len(line):
			i++
			b.WriteByte(line[i])
		case c == ' ' && !quoted:
			if some {
				list = append(list, b.String())
				b.Reset()
				some = false
			}
		default:
			b.WriteByte(c)
			some = true
		}
	}
	if some {
		list = append(list, b.String())
	}
	if len(list) > 0 {
		list = list[1:] // -A
	}
	return list
}

// tablesRule reads one rule's words.
type tablesRule struct {
	words  []string
	family string
	rule   Rule
}

func (t *tablesRule) next() string {
	if len(t.words) == 0 {
		return ""
	}
	word := t.words[0]
	t.words = t.words[1:]
	return word
}

// tablesFields are the fields that options ask for. Those of an option without one don't bear
// on whether the rule is met.
var tablesFields = map[string]string{
	"-p": "l4proto", "-i": "iifname", "-o": "oifname", "-s": "saddr", "-d": "daddr",
	"--dport": "th dport", "--dports": "th dport", "--sport": "th sport", "--sports": "th sport",
	"--ctstate": "ct state", "--state": "ct state", "--pkt-type": "pkttype",
	"--dst-type": "fib daddr type", "--icmpv6-type": "icmpv6 type", "-m": "", "--comment": "",
}

// passing are the targets after which a packet goes on.
var passing = []string{"LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "CT", "NOTRACK", "TRACE", "TOS",
	"DSCP", "TTL", "HL", "TCPMSS", "CLASSIFY", "SECMARK", "CONNSECMARK", "AUDIT", "CHECKSUM", "SET",
	"TEE", "RATEEST", "IDLETIMER", "LED", "ECN"}

// parse takes the words after the chain's name; isChain tells chains from other targets.
func (t *tablesRule) parse(isChain func(string) bool) {
	not := false
	for len(t.words) > 0 {
		word := t.next()
		field, known := tablesFields[word]
		switch {
		case word == "!":
			not = true
			continue
		case word == "-j" || word == "-g":
			t.target(word, t.next(), isChain)
			return // what follows is the target's
		case !known:
			t.unknown()
		case field == "":
			t.next()
		default:
			t.condition(field, t.next(), not)
		}
		not = false
	}
}

func (t *tablesRule) unknown() {
	for len(t.words) > 0 && !strings.HasPrefix(t.words[0], "-") && t.words[0] != "!" {
		t.next()
	}
	t.rule.Conditions = append(t.rule.Conditions, Condition{})
}

// condition takes an option's value.
func (t *tablesRule) condition(field, value string, not bool) {
	if field == "saddr" || field == "daddr" {
		field = t.family + " " + field
	}
	if value == "all" && field == "l4proto" {
		return
	}
	c := Condition{Fields: []string{field}, Not: not}
	for one := range strings.SplitSeq(value, ",") {
		if field == "th dport" || field == "th sport" {
			one = strings.Replace(one, ":", "-", 1)
		}
		c.Values = append(c.Values, []string{strings.ToLower(one)})
	}
	t.rule.Conditions = append(t.rule.Conditions, c)
}

// target takes what the rule does.
func (t *tablesRule) target(option, name string, isChain func(string) bool) {
	switch {
	case name == "ACCEPT":
		t.rule.Verdict = Accept
	case name == "DROP" || name == "REJECT":
		t.rule.Verdict = Drop
	case name == "DNAT" || name == "REDIRECT":
		t.rule.Verdict = Translate
	case name == "RETURN":
		t.rule.Verdict = Return
	case isChain(name):
		t.rule.Verdict, t.rule.Target = Jump, name
		if option == "-g" {
			t.rule.Verdict = Goto
		}
	case !slices.Contains(passing, name):
		t.rule.Verdict = Unknown
	}
}
