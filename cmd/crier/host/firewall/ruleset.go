package firewall

// A Ruleset is what filters packets.
type Ruleset struct {
	Chains []*Chain
}

// A Chain is a list of rules. One with a Hook sees packets; others are jumped to.
type Chain struct {
	// Family is ip, ip6, inet, bridge or netdev.
	Family, Table, Name string
	// Type is filter, nat or route; Hook is ingress, prerouting, input, forward, output,
	// postrouting or egress.
	Type, Hook string
	// Devices are the interfaces of a chain at ingress or egress.
	Devices []string
	// Policy is what becomes of packets that pass all rules.
	Policy Verdict
	Rules  []*Rule
	// Program is that of iptables which sets the chain's rules, such as iptables-legacy; empty
	// for nft.
	Program string
	// foreign says that nft shows a rule of the chain which only iptables can read.
	foreign bool
}

// A Rule does something with packets that meet all its conditions.
type Rule struct {
	Conditions []Condition
	Verdict    Verdict
	// Target is the chain that a Jump or a Goto leads to.
	Target string
	// Text is the rule as its program prints it.
	Text   string
	handle int
}

// A Verdict is what a rule does.
type Verdict string

const (
	// Next goes on with the next rule.
	Next Verdict = ""
	// Accept lets the packet through this hook's chain.
	Accept Verdict = "accept"
	// Drop throws the packet away. A rejected packet is dropped, too.
	Drop Verdict = "drop"
	// Jump goes on in another chain, and comes back; Goto doesn't come back.
	Jump, Goto Verdict = "jump", "goto"
	// Return ends this chain.
	Return Verdict = "return"
	// Translate sends the packet to another address or port.
	Translate Verdict = "translate"
	// Unknown is what this package does not know: a queue to a program, for instance.
	Unknown Verdict = "unknown"
)

// A Condition asks for fields of a packet. It is met where some element of Values has the
// packet's value of each field; with Not, where none has.
type Condition struct {
	// Fields are named as nft does, such as "ip daddr", "udp dport", "iifname" and "ct state".
	// Without any, the condition is one that this package does not know.
	Fields []string
	Not    bool
	// Values has for each element a value of each field: one word or number, a range "a-b" or
	// a prefix "10.0.0.0/8".
	Values [][]string
}

// chain returns a chain of the table of another.
func (r *Ruleset) chain(of *Chain, name string) *Chain {
	for _, c := range r.Chains {
		if c.Family == of.Family && c.Table == of.Table && c.Name == name &&
			c.Program == of.Program {
			return c
		}
	}
	return nil
}
