// Package counts tells the counters of publishers and subscribers, in words and in JSON. Both are
// made from the tables of counters.
package counts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/reliable"
)

// A Value is a counter with its value.
type Value struct {
	reliable.Counter
	N uint64
}

// Values are counters, in the order of their table.
type Values []Value

// Of returns the counters of a table with their values.
func Of(counters iter.Seq2[reliable.Counter, uint64]) (v Values) {
	for c, n := range counters {
		v = append(v, Value{c, n})
	}
	return v
}

// N returns the value of the counter with a name; 0 if there is none.
func (v Values) N(name string) uint64 {
	for i := range v {
		if v[i].Name == name {
			return v[i].N
		}
	}
	return 0
}

// Without returns the values but for those with certain names.
func (v Values) Without(names ...string) Values {
	return slices.DeleteFunc(slices.Clone(v),
		func(one Value) bool { return slices.Contains(names, one.Name) })
}

// Plus returns the sum with values of the same table; a Flag is 1 where it is in one of them.
func (v Values) Plus(other Values) Values {
	sum := slices.Clone(v)
	for i := range sum {
		one := &sum[i]
		if one.N += other.N(one.Name); one.Kind == reliable.Flag {
			one.N = min(one.N, 1)
		}
	}
	return sum
}

// Shown returns the values that aren't 0, and those with certain names.
func (v Values) Shown(always ...string) Values {
	return slices.DeleteFunc(slices.Clone(v),
		func(one Value) bool { return one.N == 0 && !slices.Contains(always, one.Name) })
}

// MarshalJSON returns an object with a member for each counter.
func (v Values) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i := range v {
		if i > 0 {
			b = append(b, ',')
		}
		var n any = v[i].N
		if v[i].Kind == reliable.Flag {
			n = v[i].N > 0
		}
		b = fmt.Appendf(b, "%q:%v", v[i].Name, n)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads names and values, sorted by name: the rest of a Counter isn't in JSON.
func (v *Values) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	*v = nil
	for _, name := range slices.Sorted(maps.Keys(members)) {
		*v = append(*v, Value{Counter: reliable.Counter{Name: name}})
	}
	return v.take(members)
}

// take takes the values of v out of the members of an object.
func (v Values) take(members map[string]json.RawMessage) error {
	for i := range v {
		raw, ok := members[v[i].Name]
		if !ok {
			continue
		}
		delete(members, v[i].Name)
		switch string(raw) {
		case "true":
			v[i].N = 1
		case "false":
			v[i].N = 0
		default:
			if err := json.Unmarshal(raw, &v[i].N); err != nil {
				return fmt.Errorf("%s: %w", v[i].Name, err)
			}
		}
	}
	return nil
}

// Join returns a JSON object with the members of several.
func Join(objects ...any) ([]byte, error) {
	var members [][]byte
	for _, o := range objects {
		b, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		if b = bytes.TrimSuffix(bytes.TrimPrefix(b, []byte("{")), []byte("}")); len(b) > 0 {
			members = append(members, b)
		}
	}
	return slices.Concat([]byte("{"), bytes.Join(members, []byte(",")), []byte("}")), nil
}

// Read reads the output of Join: members with the names of v into v, and the others into rest,
// which must know them.
func (v Values) Read(data []byte, rest any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	if err := v.take(members); err != nil {
		return err
	}
	others, err := json.Marshal(members)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(others))
	dec.DisallowUnknownFields()
	return dec.Decode(rest)
}

// Understood returns the number of dropped frames that this crier can read.
func (v Values) Understood() (n uint64) {
	for i := range v {
		one := &v[i]
		if one.Note == reliable.Dropped && one.Unit != reliable.Datagrams &&
			one.Name != "newer_frames" {
			n += one.N
		}
	}
	return n
}

// Text returns a line for each counter that is worth one, followed by its text in more,
// by name.
func (v Values) Text(more map[string]string) string {
	var b strings.Builder
	for i := range v {
		if one := &v[i]; one.N > 0 && one.Note != reliable.Quiet {
			b.WriteString(v.words(one) + more[one.Name] + "\n")
		}
	}
	return b.String()
}

// words returns a counter in words.
func (v Values) words(one *Value) string {
	switch {
	case one.Kind == reliable.Flag:
		return strings.TrimPrefix(one.Help, "whether ")
	case one.Unit == reliable.Nanoseconds:
		times := v.N(strings.TrimSuffix(one.Name, "_ns") + "_times")
		return fmt.Sprintf("%s: %s, %s in all", one.Help, cli.Counted(times, "time", "times"),
			cli.Duration(time.Duration(one.N)))
	}
	unit := string(one.Unit)
	text := cli.Counted(one.N, one.Unit.One(), unit) + strings.TrimPrefix(one.Help, unit)
	if one.Note == reliable.Dropped {
		return "dropped " + text
	}
	return text
}

// Stranger describes the possible senders of foreign frames, which come in a peer's name from
// another address. Moved counts the peers that changed theirs, and contested the frames of
// others that claim to be them.
func Stranger(peer string, moved, contested uint64) string {
	text := peer + " has changed its address"
	if moved > 0 {
		text += ", and was followed there once that was sure"
	}
	if moved == 0 || contested > 0 {
		text = "a forger's, or " + text
	}
	return ": " + text
}

// Remedy tells the remedies for drops for want of receive buffer. Asked is the size that was
// asked for, and granted the size that the kernel granted, or 0 if that is unknown.
func Remedy(granted, asked cli.Size) string {
	text := ""
	if granted > 0 {
		if granted < asked {
			return fmt.Sprintf(": it granted %s of the %s asked for; as root, sysctl -w "+
				"net.core.rmem_max=%d allows it all", cli.Bytes(granted), cli.Bytes(asked), asked)
		}
		text = fmt.Sprintf(", which has the %s asked for", cli.Bytes(asked))
	}
	return text + "; a larger --read-buffer holds a longer burst, and a slower publisher or a " +
		"less busy machine needs less"
}
