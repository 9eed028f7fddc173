package netflags

import (
	"net/netip"
	"strings"
)

// Doctor returns the command that examines the same interface and groups; to, if valid, is a
// host to examine the way to.
func (n *Flags) Doctor(groups []netip.AddrPort, to netip.Addr) string {
	words := []string{"crier", "doctor", "--iface", n.iface}
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
	if strings.ContainsAny(word, "[]*?~ \t'\"$&;()<>|\\`#!{}") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// Interface returns the interface as it was given, by name or address.
func (n *Flags) Interface() string { return n.iface }

// Loopback reports whether the interface is given as the loopback interface.
func (n *Flags) Loopback() bool {
	return n.iface == "lo" || n.iface == "127.0.0.1" || n.iface == "::1"
}
