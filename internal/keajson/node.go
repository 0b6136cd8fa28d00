package keajson

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Kind is the kind of a value. The zero Kind is invalid.
type Kind uint8

const (
	Null Kind = iota + 1
	Bool
	Int
	Float
	String
	List
	Map
)

// String returns the kind as it is named in messages, with its article.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "a boolean"
	case Int:
		return "an integer"
	case Float:
		return "a number"
	case String:
		return "a string"
	case List:
		return "a list"
	case Map:
		return "an object"
	}
	return "invalid"
}

// Node is a value and where it stands.
type Node struct {
	Kind    Kind
	Pos     Pos
	Text    string   // of a string its value; of a number or a boolean its literal
	Members []Member // of a map its members, of a list its elements, in their order
}

// Member is a member of a map, or an element of a list.
type Member struct {
	Key   string // empty in lists
	Pos   Pos    // of the key; in lists that of the value
	Value *Node
}

// Get returns the value of a map's member, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	for _, m := range n.Members {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// Zero says whether the value is null, false, 0, or empty: such a member
// configures nothing.
func (n *Node) Zero() bool {
	switch n.Kind {
	case Null:
		return true
	case Bool:
		return n.Text == "false"
	case Int, Float:
		f, err := strconv.ParseFloat(n.Text, 64)
		return err == nil && f == 0
	case String:
		return n.Text == ""
	}
	return len(n.Members) == 0
}

// Locate returns where the value at a path such as "subnet4[2].pools[0].pool"
// stands, or, where there is no such value, the innermost one on the way to
// it.
func (n *Node) Locate(path string) Pos {
	pos := n.Pos
	for path != "" {
		var next *Node
		if path[0] == '[' {
			number, rest, _ := strings.Cut(path[1:], "]")
			if i, err := strconv.Atoi(number); err == nil && n.Kind == List && i >= 0 && i < len(n.Members) {
				next = n.Members[i].Value
			}
			path = rest
		} else {
			path = strings.TrimPrefix(path, ".")
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			next = n.Get(path[:end])
			path = path[end:]
		}
		if next == nil {
			return pos
		}
		n, pos = next, next.Pos
	}
	return pos
}

// AppendJSON appends the value in standard JSON.
func (n *Node) AppendJSON(b []byte) []byte {
	switch n.Kind {
	case String:
		return appendString(b, n.Text)
	case List:
		b = append(b, '[')
		for i, m := range n.Members {
			if i > 0 {
				b = append(b, ',')
			}
			b = m.Value.AppendJSON(b)
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, m := range n.Members {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, m.Key), ':')
			b = m.Value.AppendJSON(b)
		}
		return append(b, '}')
	}
	return append(b, n.Text...)
}

func appendString(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string can always be encoded
	return append(b, quoted...)
}
