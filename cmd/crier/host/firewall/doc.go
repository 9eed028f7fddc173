// Package firewall reads the rules of this machine's packet filter, from nft and iptables-save,
// and tells what becomes of a packet: accepted, dropped, or not to be told, since a rule asks
// what isn't known of the packet. It knows no more of rules than crier's packets can meet.
package firewall
