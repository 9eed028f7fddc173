package netflags

import (
	"net/netip"
	"strconv"
	"strings"

	"crier/cmd/crier/cli"
	"crier/reliable/topic"
)

// Doctor returns the command that examines the same interface and groups, those of the topic if
// there is one; to, if valid, is a host to examine the way to.
func (n *Flags) Doctor(groups []netip.AddrPort, to netip.Addr) string {
	words := []string{"crier", "doctor", "--iface", n.Interface()}
	if named := n.topic != "" && !topic.IsPattern(n.topic); named {
		words = append(words, "--topic", n.topic)
		if groups = nil; n.Set.Changed("group") {
			words = append(words, "--group", n.groups[0])
		}
		if n.layout.Partitions > 1 {
			words = append(words, "--partitions", strconv.Itoa(n.layout.Partitions))
		}
		if n.layout.Groups > 0 {
			words = append(words, "--groups", strconv.Itoa(n.layout.Groups))
		}
	}
	for _, g := range groups {
		words = append(words, "--group", g.String())
	}
	if to.IsValid() {
		words = append(words, "--to", to.String())
	}
	for i, w := range words {
		words[i] = Quoted(w)
	}
	return strings.Join(words, " ")
}

// Quoted quotes a word that a shell would not take as it is, such as "[ff05::77]:7700".
func Quoted(word string) string {
	if cli.Printable(word) != word {
		ascii := strconv.QuoteToASCII(word)
		return "$'" + strings.NewReplacer(`\"`, `"`, "'", `\'`).Replace(ascii[1:len(ascii)-1]) + "'"
	}
	if strings.ContainsAny(word, "[]*?~ \t'\"$&;()<>|\\`#!{}") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// Interface returns the interface as it was given, by name or address: of feeds, that of the first.
func (n *Flags) Interface() string {
	if len(n.feeds) > 0 {
		_, iface, _ := strings.Cut(n.feeds[0], "@")
		return iface
	}
	return n.iface
}

// Loopback reports whether the interface is given as the loopback interface.
func (n *Flags) Loopback() bool {
	iface := n.Interface()
	return iface == "lo" || iface == "127.0.0.1" || iface == "::1"
}
