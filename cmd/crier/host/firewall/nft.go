package firewall

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ParseNFT reads what "nft -j list ruleset" prints, and the rules' own text from what
// "nft -a list ruleset" does.
func ParseNFT(data, text []byte) (*Ruleset, error) {
	var all struct {
		Nftables []map[string]json.RawMessage `json:"nftables"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("nft's JSON is not understood: %w", err)
	}
	n := &nftReader{sets: make(map[string]any)}
	n.readText(string(text))
	for _, object := range all.Nftables {
		for kind, raw := range object {
			if kind == "set" || kind == "map" {
				if err := n.set(raw); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, object := range all.Nftables {
		var err error
		switch {
		case object["chain"] != nil:
			err = n.chain(object["chain"])
		case object["rule"] != nil:
			err = n.rule(object["rule"])
		}
		if err != nil {
			return nil, err
		}
	}
	return &n.Ruleset, nil
}

// nftReader makes a ruleset of nft's objects.
type nftReader struct {
	Ruleset
	// sets has the elements of named sets and maps, by family, table and name.
	sets map[string]any
	// texts has the rules as nft prints them, by family, table, chain and handle, and devices
	// the interfaces of chains, which the JSON of older versions leaves out.
	texts   map[string]string
	devices map[string][]string
}

// Rules end in their handle: "udp dport 7700 drop # handle 4". A chain at a card has its name:
// type filter hook ingress device "eth0", or devices = { "eth0", "eth1" }.
var (
	headLine   = regexp.MustCompile(`^\s*(table|chain) (.*?) \{`)
	ruleLine   = regexp.MustCompile(`^\s*(.*) # handle (\d+)$`)
	deviceLine = regexp.MustCompile(`^\s*type .* devices? (=? ?\{?[^}]*?\}?) priority`)
)

// readText reads what the rules look like, and the devices of chains.
func (n *nftReader) readText(text string) {
	n.texts, n.devices = make(map[string]string), make(map[string][]string)
	table, chain := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if m := headLine.FindStringSubmatch(line); m != nil {
			if m[1] == "table" {
				table = m[2]
			} else {
				chain = m[2]
			}
		} else if m := deviceLine.FindStringSubmatch(line); m != nil {
			n.devices[table+" "+chain] = strings.FieldsFunc(m[1], func(c rune) bool {
				return strings.ContainsRune(`={}", `, c)
			})
		} else if m := ruleLine.FindStringSubmatch(line); m != nil {
			n.texts[table+" "+chain+" "+m[2]] = m[1]
		}
	}
}

// setName is the name of a set among all tables'.
func setName(family, table, name string) string { return family + " " + table + " " + name }

func (n *nftReader) set(raw json.RawMessage) error {
	var s struct {
		Family, Table, Name string
		Elem                any
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("nft's set is not understood: %w", err)
	}
	n.sets[setName(s.Family, s.Table, s.Name)] = s.Elem
	return nil
}

func (n *nftReader) chain(raw json.RawMessage) error {
	var c struct {
		Family, Table, Name, Type, Hook, Policy string
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("nft's chain is not understood: %w", err)
	}
	chain := &Chain{
		Family: c.Family, Table: c.Table, Name: c.Name, Type: c.Type, Hook: c.Hook,
		Policy: Verdict(c.Policy),
	}
	chain.Devices = n.devices[c.Family+" "+c.Table+" "+c.Name]
	n.Chains = append(n.Chains, chain)
	return nil
}

func (n *nftReader) rule(raw json.RawMessage) error {
	var r struct {
		Family, Table, Chain string
		Handle               int
		Expr                 []map[string]any
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("nft's rule is not understood: %w", err)
	}
	c := n.Ruleset.chain(&Chain{Family: r.Family, Table: r.Table}, r.Chain)
	if c == nil {
		return fmt.Errorf("nft lists a rule of the chain %s, and not the chain", r.Chain)
	}
	e := &expressions{
		reader: n, family: r.Family, table: r.Table,
		rule: Rule{
			handle: r.Handle,
			Text:   n.texts[fmt.Sprintf("%s %s %s %d", r.Family, r.Table, r.Chain, r.Handle)],
		},
	}
	for _, expr := range r.Expr {
		for kind, value := range expr {
			e.add(kind, value)
		}
	}
	c.foreign = c.foreign || e.foreign
	rules := e.finish()
	for _, one := range rules {
		if one.Text == "" {
			one.Text = "rule " + strconv.Itoa(r.Handle)
		}
	}
	c.Rules = append(c.Rules, rules...)
	return nil
}
