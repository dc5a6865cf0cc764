package config

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// kind is what a value in the file is.
type kind int

const (
	text kind = iota
	whole
	real
	truth
	moment
	list
	table
)

// String is the kind as a message names it.
func (k kind) String() string {
	return [...]string{"text", "a whole number", "a number with a point", "true or false", "a date or time", "a list", "a table"}[k]
}

// node is a value in the file, and the line it stands in.
type node struct {
	kind kind
	line int
	text string
	// items of a list. headed: they are tables, each with its [[header]].
	items  []*node
	headed bool
	// keys of a table in the order of the file, and what stands behind them.
	keys []string
	kids map[string]*node
}

func (n *node) put(key string, kid *node) {
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	if _, ok := n.kids[key]; !ok {
		n.keys = append(n.keys, key)
	}
	n.kids[key] = kid
}

// errTree is a document in which a key is used in two ways. The decoder refuses
// those first, so that it is never seen.
var errTree = errors.New("a key is both a table and something else")

// grow reads a document into a tree that knows its lines.
func grow(name string, data []byte) (*node, error) {
	if bad := notText(data); bad >= 0 {
		line, _ := position(data, bad)
		return nil, Problems{{File: name, Line: line, What: "not text in UTF-8; save the file with the encoding UTF-8"}}
	}
	// The decoder knows what the tree does not check: keys and tables that are
	// there twice, numbers too large, days that do not exist.
	var all map[string]any
	if err := toml.Unmarshal(data, &all); err != nil {
		return nil, syntax(name, data, err)
	}
	g := grower{starts: lineStarts(data)}
	g.Reset(data)
	root := &node{kind: table}
	at := root
	for g.NextExpression() {
		e := g.Expression()
		var err error
		switch e.Kind {
		case unstable.Table:
			at, err = g.header(root, e, false)
		case unstable.ArrayTable:
			at, err = g.header(root, e, true)
		case unstable.KeyValue:
			err = g.pair(at, e)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := g.Error(); err != nil {
		return nil, syntax(name, data, err)
	}
	return root, nil
}

// grower reads expressions, and knows where lines begin.
type grower struct {
	unstable.Parser
	starts []int
}

func (g *grower) line(n *unstable.Node) int {
	return sort.SearchInts(g.starts, int(n.Raw.Offset)+1)
}

// header finds or makes the table of a [header] or [[header]].
func (g *grower) header(root *node, e *unstable.Node, many bool) (*node, error) {
	at := root
	for it := e.Key(); it.Next(); {
		k := it.Node()
		key, line := string(k.Data), g.line(k)
		next := at.kids[key]
		if many && it.IsLast() {
			if next == nil {
				next = &node{kind: list, headed: true, line: line}
				at.put(key, next)
			}
			if next.kind != list {
				return nil, errTree
			}
			item := &node{kind: table, line: line}
			next.items = append(next.items, item)
			return item, nil
		}
		var err error
		if at, err = into(at, key, line); err != nil {
			return nil, err
		}
		if it.IsLast() {
			at.line = line // it may have begun as the parent of another
		}
	}
	return at, nil
}

// into steps into a table below a table, making it where there is none.
func into(at *node, key string, line int) (*node, error) {
	next := at.kids[key]
	if next == nil {
		next = &node{kind: table, line: line}
		at.put(key, next)
	}
	if next.kind == list && len(next.items) > 0 {
		next = next.items[len(next.items)-1]
	}
	if next.kind != table {
		return nil, errTree
	}
	return next, nil
}

// pair reads key = value into a table.
func (g *grower) pair(at *node, e *unstable.Node) error {
	for it := e.Key(); it.Next(); {
		k := it.Node()
		key, line := string(k.Data), g.line(k)
		if it.IsLast() {
			v, err := g.value(e.Value(), line)
			if err != nil {
				return err
			}
			at.put(key, v)
			return nil
		}
		var err error
		if at, err = into(at, key, line); err != nil {
			return err
		}
	}
	return nil
}

// value reads a value. line is where it begins, unless it knows better.
func (g *grower) value(v *unstable.Node, line int) (*node, error) {
	if v.Raw.Length > 0 {
		line = g.line(v)
	}
	n := &node{line: line, text: string(v.Data)}
	switch v.Kind {
	case unstable.String:
	case unstable.Integer:
		n.kind = whole
	case unstable.Float:
		n.kind = real
	case unstable.Bool:
		n.kind = truth
	case unstable.Array:
		n.kind, n.text = list, ""
		for it := v.Children(); it.Next(); {
			item, err := g.value(it.Node(), line)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
	case unstable.InlineTable:
		n.kind, n.text = table, ""
		for it := v.Children(); it.Next(); {
			if err := g.pair(n, it.Node()); err != nil {
				return nil, err
			}
		}
	default:
		n.kind = moment
	}
	return n, nil
}

// notText finds the first byte that is not text in UTF-8; -1 when all is.
func notText(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 || r == 0 {
			return i
		}
		i += n
	}
	return -1
}

func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// position is the line and column of a byte, counted from 1 in letters.
func position(data []byte, at int) (line, column int) {
	before := data[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[start:]) + 1
}

// expected says what a parser's message means to somebody who never read the
// specification. What is not listed is said in general words: a parser's own
// may repeat the line, and in it a secret.
var expected = []struct{ begins, say string }{
	{"expected newline", "expected the end of the line after the value; text stands in quotes"},
	{"expected ']]'", "expected ]] after the section's name"},
	{"expected ']'", "expected ] after the section's name"},
	{"expected '='", "expected = after the key"},
	{"expected key", "expected a key"},
	{"invalid character at start of key", "expected a key or a [section]"},
	{"array is incomplete", "expected ] at the end of the list"},
	{"expected ',' or ']'", "expected a comma or ] in the list"},
	{"inline table is incomplete", "expected } at the end of the table"},
	{"expected ',' or '}'", "expected a comma or } in the table"},
	{"unterminated", "expected a closing quotation mark"},
	{"basic strings cannot have new lines", "expected a closing quotation mark on the same line"},
	{"literal strings cannot have new lines", "expected a closing quotation mark on the same line"},
	{"invalid escape", `expected \\ where a backslash is meant`},
	{"invalid hexadecimal", `expected \\ where a backslash is meant`},
	{"unicode escape", `expected \\ where a backslash is meant`},
	{"escape sequence", `expected \\ where a backslash is meant`},
	{"need a character after", `expected \\ where a backslash is meant`},
	{"integers cannot have leading", "expected a number without leading zeros, or text in quotes"},
	{"decimal number is too large", "expected a smaller number, or text in quotes"},
	{"impossible date", "expected a date that exists, or text in quotes"},
	{"dates are expected", "expected a date, or text in quotes"},
	{"unexpected character", anyValue},
	{"expected value", anyValue},
	{"strings must be quoted", anyValue},
	{"expected keyword", anyValue},
	{"expected number", anyValue},
	{"expected digit", anyValue},
}

const anyValue = "expected a value: text in quotes, a number, true or false, or a list in [ ]"

// lookalikes are what a Chinese keyboard makes of TOML's signs.
var lookalikes = map[rune]string{'“': `"`, '”': `"`, '＂': `"`, '‘': "'", '’': "'", '＝': "=", '，': ",", '［': "[", '］': "]", '【': "[", '】': "]", '＃': "#", '　': "a space"}

// syntax says what a parser's error means, with line and column.
func syntax(name string, data []byte, err error) error {
	var d *toml.DecodeError
	if !errors.As(err, &d) {
		return Problems{{File: name, What: "not TOML"}}
	}
	line, column := d.Position()
	what := "expected TOML: [section] or key = value"
	message := strings.TrimPrefix(d.Error(), "toml: ")
	message = strings.TrimPrefix(message, "toml: ")
	for _, x := range expected {
		if strings.HasPrefix(message, x.begins) {
			what = x.say
			break
		}
	}
	starts := lineStarts(data)
	at := min(starts[min(max(line, 1), len(starts))-1]+max(column, 1)-1, len(data))
	if bytes.IndexByte(data[at:], '\n') != 0 {
		r, _ := utf8.DecodeRune(data[at:])
		if ascii, ok := lookalikes[r]; ok {
			what += fmt.Sprintf("; %c is not TOML, write %s", r, ascii)
		}
	}
	for _, twice := range []string{"already exists", "is already defined", "should be a table", "should be an array"} {
		if rest, ok := strings.CutPrefix(message, "key "); strings.Contains(message, twice) && (ok || strings.HasPrefix(message, "table ")) {
			if !ok {
				rest = strings.TrimPrefix(message, "table ")
			}
			key, _, _ := strings.Cut(rest, " ")
			return Problems{{File: name, Line: line, Key: showKey(key), What: "is there twice"}}
		}
	}
	line, column = position(data, at)
	return Problems{{File: name, Line: line, What: fmt.Sprintf("column %d: %s", column, what)}}
}
