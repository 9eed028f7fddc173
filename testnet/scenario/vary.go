package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Vary returns the text of a scenario with one value changed, so that Parse reads it.
// Key is a path of keys with dots between them. Behind a list stands an entry's name
// or number, or nothing, for all of its entries:
//
//	subscribers.count=100
//	subscribers.lan.down.loss=5%
//	events.0.frames=3
func Vary(text []byte, key, value string) ([]byte, error) {
	var root any
	if err := yaml.UnmarshalWithOptions(text, &root, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("this is no YAML: %v", err)
	}
	var plain any
	if err := yaml.Unmarshal([]byte(value), &plain); err != nil {
		plain = value
	}
	changed, n, err := vary(root, strings.Split(key, "."), plain, key)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("%s: there is nothing to vary", key)
	}
	return yaml.MarshalWithOptions(changed, yaml.IndentSequence(true),
		yaml.UseLiteralStyleIfMultiline(true))
}

// vary sets the value at path below node, and returns the node and how many values
// were set.
func vary(node any, path []string, value any, key string) (any, int, error) {
	if len(path) == 0 {
		return value, 1, nil
	}
	switch n := node.(type) {
	case []any:
		return varyList(n, path, value, key)
	case yaml.MapSlice:
		for i := range n {
			if n[i].Key == path[0] {
				below, count, err := vary(n[i].Value, path[1:], value, key)
				n[i].Value = below
				return n, count, err
			}
		}
		below, count, err := vary(nil, path[1:], value, key)
		return append(n, yaml.MapItem{Key: path[0], Value: below}), count, err
	case nil: // a key that the file leaves out
		below, count, err := vary(nil, path[1:], value, key)
		return yaml.MapSlice{{Key: path[0], Value: below}}, count, err
	}
	return node, 0, fmt.Errorf("%s: %q is below a plain value", key, path[0])
}

func varyList(list []any, path []string, value any, key string) (any, int, error) {
	if i, err := strconv.Atoi(path[0]); err == nil {
		if i < 0 || i >= len(list) {
			return list, 0, fmt.Errorf("%s: there is no entry %d: the list has %d, from 0", key, i,
				len(list))
		}
		below, n, err := vary(list[i], path[1:], value, key)
		list[i] = below
		return list, n, err
	}
	for i, item := range list {
		m, ok := item.(yaml.MapSlice)
		if !ok {
			continue
		}
		for _, pair := range m {
			if pair.Key == "name" && pair.Value == path[0] {
				below, n, err := vary(item, path[1:], value, key)
				list[i] = below
				return list, n, err
			}
		}
	}
	total := 0
	for i, item := range list {
		below, n, err := vary(item, path, value, key)
		if err != nil {
			return list, total, err
		}
		list[i] = below
		total += n
	}
	return list, total, nil
}
