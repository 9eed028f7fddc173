package firewall

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// expressions makes rules of one rule's expressions in JSON. A map of verdicts makes a rule
// of each of its elements.
type expressions struct {
	reader        *nftReader
	family, table string
	rule          Rule
	// split are the rules of a map of verdicts.
	split []*Rule
	// foreign says that a part of it is of iptables.
	foreign bool
}

// harmless are the statements that let a packet go on.
var harmless = map[string]bool{
	"counter": true, "log": true, "notrack": true, "mangle": true, "comment": true,
	"set": true, "map": true, "ct helper": true, "ct timeout": true, "ct expectation": true,
	"meter": false, "flow": true, "dup": true, "quota": false,
}

// add takes one expression.
func (e *expressions) add(kind string, value any) {
	switch kind {
	case "match":
		e.match(value)
	case "accept", "drop", "return":
		e.rule.Verdict = Verdict(kind)
	case "continue":
	case "reject":
		e.rule.Verdict = Drop
	case "jump", "goto":
		e.rule.Verdict = Verdict(kind)
		e.rule.Target = textOf(value, "target")
	case "vmap":
		e.vmap(value)
	case "dnat", "redirect":
		e.rule.Verdict = Translate
	case "snat", "masquerade", "tproxy":
		e.rule.Verdict = Accept
	case "xt":
		e.xt(value)
	case "queue", "fwd", "synproxy":
		e.rule.Verdict = Unknown
	default:
		if !harmless[kind] {
			// Such as limit, quota, and what iptables keeps in words of its own.
			e.rule.Conditions = append(e.rule.Conditions, Condition{})
		}
	}
}

// xt takes a part of a rule of iptables, of which nft tells no more than the name.
func (e *expressions) xt(value any) {
	e.foreign = true
	name := textOf(value, "name")
	switch {
	case textOf(value, "type") == "target" && (name == "REJECT" || name == "DROP"):
		e.rule.Verdict = Drop
	case textOf(value, "type") == "target" && !slices.Contains(passing, name):
		e.rule.Verdict = Unknown
	case textOf(value, "type") != "target" && name != "comment":
		e.rule.Conditions = append(e.rule.Conditions, Condition{})
	}
}

func (e *expressions) finish() []*Rule {
	if e.split != nil {
		return e.split
	}
	return []*Rule{&e.rule}
}

// match takes a comparison: {"op": "==", "left": field, "right": value}.
func (e *expressions) match(value any) {
	m, _ := value.(map[string]any)
	op, _ := m["op"].(string)
	fields := fieldsOf(m["left"])
	values, ok := e.values(m["right"])
	c := Condition{Fields: fields, Values: values}
	switch op {
	case "==", "in", "":
	case "!=":
		c.Not = true
	case "<", ">=":
		c.Not = op == ">="
		c.Values, ok = below(values, -1)
	case "<=", ">":
		c.Not = op == ">"
		c.Values, ok = below(values, 0)
	default:
		ok = false
	}
	if !ok || fields == nil {
		c = Condition{}
	}
	e.rule.Conditions = append(e.rule.Conditions, c)
}

// below returns the numbers up to one, plus an offset.
func below(values [][]string, offset int) ([][]string, bool) {
	var n int
	if len(values) != 1 || len(values[0]) != 1 {
		return nil, false
	}
	if _, err := fmt.Sscan(values[0][0], &n); err != nil {
		return nil, false
	}
	return [][]string{{fmt.Sprintf("0-%d", n+offset)}}, n+offset >= 0
}

// fieldsOf names what the left side of a comparison asks for, or nil if it isn't known.
func fieldsOf(left any) []string {
	m, _ := left.(map[string]any)
	for kind, value := range m {
		switch kind {
		case "meta":
			return []string{textOf(value, "key")}
		case "payload":
			protocol, field := textOf(value, "protocol"), textOf(value, "field")
			if protocol != "" && field != "" {
				return []string{protocol + " " + field}
			}
		case "ct":
			return []string{"ct " + textOf(value, "key")}
		case "fib":
			return fibField(value)
		case "concat":
			list, _ := value.([]any)
			var fields []string
			for _, one := range list {
				f := fieldsOf(one)
				if len(f) != 1 {
					return nil
				}
				fields = append(fields, f[0])
			}
			return fields
		}
	}
	return nil
}

// fibField names a question to the routing table: "fib daddr type".
func fibField(value any) []string {
	m, _ := value.(map[string]any)
	var words []string
	switch flags := m["flags"].(type) {
	case string:
		words = []string{flags}
	case []any:
		for _, f := range flags {
			words = append(words, fmt.Sprint(f))
		}
	}
	if result, _ := m["result"].(string); result == "type" && len(words) == 1 {
		return []string{"fib " + words[0] + " type"}
	}
	return []string{"fib " + strings.Join(words, " . ")}
}

func textOf(value any, key string) string {
	m, _ := value.(map[string]any)
	text, _ := m[key].(string)
	return text
}

// values lists what the right side of a comparison names; ok is false if it isn't known.
func (e *expressions) values(right any) (list [][]string, ok bool) {
	switch v := right.(type) {
	case string:
		if name, isSet := strings.CutPrefix(v, "@"); isSet {
			elements, found := e.reader.sets[setName(e.family, e.table, name)]
			if !found {
				return nil, false
			}
			if elements == nil {
				return nil, true // an empty set
			}
			return e.elements(elements)
		}
		return [][]string{{v}}, true
	case []any:
		return e.elements(v)
	case map[string]any:
		if set, isSet := v["set"]; isSet {
			return e.elements(set)
		}
		element, ok := elementOf(v)
		return [][]string{element}, ok
	}
	element, ok := elementOf(right)
	return [][]string{element}, ok
}

// elements lists the elements of a set.
func (e *expressions) elements(set any) (list [][]string, ok bool) {
	elements, isList := set.([]any)
	if !isList {
		elements = []any{set}
	}
	for _, one := range elements {
		element, ok := elementOf(one)
		if !ok {
			return nil, false
		}
		list = append(list, element)
	}
	return list, true
}

// elementOf returns an element's value of each field.
func elementOf(value any) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return []string{v}, true
	case bool:
		return []string{fmt.Sprint(v)}, true
	case float64:
		return []string{fmt.Sprintf("%.0f", v)}, true
	case json.Number:
		return []string{v.String()}, true
	case map[string]any:
		if elem, ok := v["elem"].(map[string]any); ok {
			return elementOf(elem["val"])
		}
		if prefix, ok := v["prefix"].(map[string]any); ok {
			length, _ := prefix["len"].(float64)
			return []string{fmt.Sprintf("%v/%.0f", prefix["addr"], length)}, true
		}
		if ends, ok := v["range"].([]any); ok && len(ends) == 2 {
			low, ok1 := elementOf(ends[0])
			high, ok2 := elementOf(ends[1])
			if ok1 && ok2 && len(low) == 1 && len(high) == 1 {
				return []string{low[0] + "-" + high[0]}, true
			}
			return nil, false
		}
		if parts, ok := v["concat"].([]any); ok {
			var all []string
			for _, part := range parts {
				one, ok := elementOf(part)
				if !ok || len(one) != 1 {
					return nil, false
				}
				all = append(all, one[0])
			}
			return all, true
		}
	}
	return nil, false
}

// vmap takes a map from values to verdicts: {"key": field, "data": {"set": [[value, verdict]]}}.
func (e *expressions) vmap(value any) {
	m, _ := value.(map[string]any)
	fields := fieldsOf(m["key"])
	var pairs []any
	switch data := m["data"].(type) {
	case map[string]any:
		pairs, _ = data["set"].([]any)
	case string:
		pairs, _ = e.reader.sets[setName(e.family, e.table, strings.TrimPrefix(data, "@"))].([]any)
	}
	e.split = []*Rule{}
	for _, pair := range pairs {
		p, _ := pair.([]any)
		if len(p) != 2 {
			continue
		}
		one := e.rule
		one.Conditions = append([]Condition(nil), e.rule.Conditions...)
		c := Condition{Fields: fields}
		values, ok := elementOf(p[0])
		if c.Values = [][]string{values}; !ok || fields == nil {
			c = Condition{}
		}
		if !ok || len(values) != 1 || values[0] != "*" { // * is what no other element matches
			one.Conditions = append(one.Conditions, c)
		}
		verdict := &expressions{reader: e.reader, family: e.family, table: e.table, rule: one}
		v, _ := p[1].(map[string]any)
		for kind, target := range v {
			verdict.add(kind, target)
		}
		e.split = append(e.split, &verdict.rule)
	}
}
