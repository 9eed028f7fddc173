package scenario

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/reliable/team/member"
	"crier/testnet/link"
)

// maxFile bounds the text of a scenario, in bytes.
const maxFile = 1 << 20

// Error is a mistake in a scenario, with its place.
type Error struct {
	Name string // of the file
	Line int    // from 1; 0 if no line is to blame
	Text string // the mistake, and a remedy
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Name, e.Text)
	}
	return fmt.Sprintf("%s, line %d: %s", e.Name, e.Line, e.Text)
}

// Parse reads a scenario; name is for errors and results. An error is an *Error.
func Parse(name string, text []byte) (*Scenario, error) {
	s, lines, err := decode(name, text)
	if err != nil {
		return nil, err
	}
	if where, err := s.validate(); err != nil {
		return nil, &Error{name, lines.of(where), err.Error()}
	}
	return s, nil
}

// decode reads the text, and says where everything stands.
func decode(name string, text []byte) (*Scenario, lines, error) {
	if len(text) > maxFile {
		return nil, nil, &Error{name, 0, fmt.Sprintf("it has %d bytes, and a scenario may have %d",
			len(text), maxFile)}
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			return nil, nil, &Error{name, y.GetToken().Position.Line, y.GetMessage()}
		}
		return nil, nil, &Error{name, 0, err.Error()}
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, nil, &Error{name, 0, "a scenario is one YAML document: see one with " +
			"\"crier sim show clean\""}
	}
	s := &Scenario{Name: name}
	d := decoder{name: name, lines: lines{}}
	if err := d.value(file.Docs[0].Body, reflect.ValueOf(s).Elem(), ""); err != nil {
		return nil, nil, err
	}
	s.Story = tidy(s.Story)
	return s, d.lines, nil
}

// tidy leaves of a text its words, with one blank between them, and its lines. Other
// white space, and invisible characters, YAML keeps in one way of writing and not in another.
func tidy(text string) string {
	seen := func(r rune) rune {
		if unicode.IsPrint(r) || unicode.IsSpace(r) {
			return r
		}
		return -1
	}
	lines := strings.Split(strings.Map(seen, text), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	tidied := strings.Trim(strings.Join(lines, "\n"), "\n")
	if len(lines) > 1 && tidied != "" && lines[len(lines)-1] == "" {
		tidied += "\n"
	}
	return tidied
}

// lines are the lines of values, by their paths, such as "subscribers[1].down.loss".
type lines map[string]int

// of is the line of a path, or that of the part that it is in.
func (l lines) of(path string) int {
	for path != "" {
		if n, ok := l[path]; ok {
			return n
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}

// decoder fills in structs from a tree of YAML nodes.
type decoder struct {
	name  string
	lines lines
}

func (d *decoder) fail(n ast.Node, format string, args ...any) error {
	line := 0
	if t := n.GetToken(); t != nil {
		line = t.Position.Line
	}
	return &Error{d.name, line, fmt.Sprintf(format, args...)}
}

// value reads a node into v, which is at path.
func (d *decoder) value(n ast.Node, v reflect.Value, path string) error {
	if t := n.GetToken(); t != nil {
		d.lines[path] = t.Position.Line
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if names, ok := v.Addr().Interface().(*Names); ok {
		return d.names(n, names, path)
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		text, err := d.scalar(n, path)
		if err != nil {
			return err
		}
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return d.fail(n, "%s: %v", path, err)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return d.mapping(n, v, path)
	case reflect.Slice:
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			return d.fail(n, "%s is to be a list: begin each entry with a dash", path)
		}
		for i, item := range seq.Values {
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			if err := d.value(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := d.scalar(n, path)
	if err != nil {
		return err
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return d.fail(n, "%s: %q is neither true nor false", path, text)
		}
		v.SetBool(b)
	case reflect.Int:
		i, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return d.fail(n, "%s: %q is not a whole number", path, text)
		}
		v.SetInt(i)
	case reflect.Uint64:
		u, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return d.fail(n, "%s: %q is not a whole number of 0 or more", path, text)
		}
		v.SetUint(u)
	default:
		panic("scenario: a field of kind " + v.Kind().String())
	}
	return nil
}

// mapping reads a mapping into a struct.
func (d *decoder) mapping(n ast.Node, v reflect.Value, path string) error {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		where := path
		if where == "" {
			where = "a scenario"
		}
		return d.fail(n, "%s is to be a mapping: lines of the form key: value", where)
	}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		i := fieldOf(v.Type(), key)
		if i < 0 {
			where := "a scenario"
			if path != "" {
				where = path
			}
			return d.fail(pair.Key, "there is no key %q in %s; there are %s", key, where,
				strings.Join(Keys(v.Type()), ", "))
		}
		at := strings.TrimPrefix(path+"."+key, ".")
		if v.Type() == linkType && isSetting(key) {
			text, err := d.scalar(pair.Value, at)
			if err != nil {
				return err
			}
			if _, err := link.Parse(key + "=" + text); err != nil {
				return d.fail(pair.Value, "%s: %s", at, bare(err))
			}
		}
		if err := d.value(pair.Value, v.Field(i), at); err != nil {
			return err
		}
		means, ok := unsaid[key]
		if !ok {
			means, ok = unsaid[v.Type().Name()+"."+key]
		}
		if ok && v.Field(i).IsZero() {
			return d.fail(pair.Value, "%s: 0 is what it has where nothing is said, which means "+
				"%s: leave it out, or give more", at, means)
		}
	}
	return nil
}

// unsaid are the keys whose zero value stands for another value, with that value in words. A
// 0 in a file means 0. A key that has several meanings stands behind the type that has it.
var unsaid = unsaidKeys()

func unsaidKeys() map[string]string {
	from, _ := send.Config{Session: 1}.Complete() // neither has a mistake
	to, _ := receive.Config{ID: 1}.Complete()
	part, _ := member.Config{Team: "t", Share: reliable.ByMessage, Name: "m"}.Complete()
	written := func(value encoding.TextMarshaler) string {
		text, _ := value.MarshalText()
		return string(text)
	}
	return map[string]string{
		"settle": DefaultSettle.String(), "lead": DefaultLead.String(),
		"messages": "as many as there is time for", "count": "1", "times": "1", "frames": "1",
		"resend-buffer": written(Size(from.Retention.ResendBuffer)),
		"datagram":      written(Size(from.Datagram)),
		"repair-share":  written(Share(from.Repair.Share)),
		"repair-floor":  written(from.Repair.Floor),
		"stall-timeout": from.Flow.StallTimeout.String(), "max-rate": "no bound",
		"buffer":       written(Size(to.Memory.Buffer)),
		"memory-total": "four times the buffer", "silence": to.Recovery.Silence.String(),
		"socket-queue": "92", "partitions": "1",
		"lease": from.Teams.Lease.String(), "work-time": from.Teams.WorkTime.String(),
		"attempts": strconv.Itoa(from.Teams.Attempts), "weight": strconv.Itoa(part.Weight),
		"room": strconv.Itoa(part.Room), "Group.window": strconv.Itoa(part.Window),
		"poison": "none",
		"groups": "as many as partitions, to 16", "keys": "none", "headers": "none", "feeds": "1",
	}
}

// bare takes the package's and the link's name off an error of link.Parse.
func bare(err error) string {
	text := strings.TrimPrefix(err.Error(), "testnet: ")
	if strings.HasPrefix(text, "link \"") {
		if i := strings.Index(text, "\": "); i >= 0 {
			text = text[i+3:]
		}
	}
	return text
}

// names reads one name or a list of them.
func (d *decoder) names(n ast.Node, names *Names, path string) error {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		text, err := d.scalar(n, path)
		*names = Names{text}
		return err
	}
	for _, item := range seq.Values {
		text, err := d.scalar(item, path)
		if err != nil {
			return err
		}
		*names = append(*names, text)
	}
	return nil
}

// scalar is the text of a plain value.
func (d *decoder) scalar(n ast.Node, path string) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return strings.TrimRight(n.Value.Value, "\n"), nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	case *ast.NullNode:
		return "", d.fail(n, "%s has no value", path)
	}
	return "", d.fail(n, "%s is to be a plain value", path)
}

// fieldOf finds the field of a key.
func fieldOf(t reflect.Type, key string) int {
	for i := range t.NumField() {
		if keyOf(t.Field(i)) == key && key != "-" {
			return i
		}
	}
	return -1
}

func keyOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// Keys are the keys that a part of a scenario has.
func Keys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if key := keyOf(t.Field(i)); key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}
