package lease

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// members reads the members of a JSON object one by one. The first error stays,
// after it everything is zero.
type members struct {
	all []member
	err error
}

// member is parts of the text that was parsed.
type member struct{ name, value []byte }

// parseMembers finds the members of an object, and leaves them as they are: a
// server that has lost its leases reads tens of thousands a second.
func parseMembers(b []byte) (*members, error) {
	if !json.Valid(b) || bytes.TrimSpace(b)[0] != '{' {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(b, &object); err != nil {
			return nil, err
		}
		return nil, errors.New("a lease is a JSON object")
	}
	m := &members{all: make([]member, 0, 20)}
	for name, value := range keatext.Members(b) {
		m.all = append(m.all, member{name, value})
	}
	return m, nil
}

func (m *members) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

// find returns a member as it is written, the last of several.
func (m *members) find(name string) (value []byte, ok bool) {
	for _, one := range slices.Backward(m.all) {
		if string(one.name) == name {
			return one.value, true
		}
	}
	return nil, false
}

func (m *members) has(name string) bool {
	_, ok := m.find(name)
	return ok
}

// need says which of the members is missing.
func (m *members) need(names ...string) {
	for _, name := range names {
		if !m.has(name) {
			m.fail("missing parameter '%s'", name)
		}
	}
}

// value returns a member that is there.
func (m *members) value(name string) ([]byte, bool) {
	v, ok := m.find(name)
	return v, ok && m.err == nil
}

func (m *members) badType(name string) { m.fail("invalid type specified for parameter '%s'", name) }

func (m *members) text(name string) string {
	v, ok := m.value(name)
	if !ok {
		return ""
	}
	s, ok := keatext.Unquote(v)
	if !ok {
		m.badType(name)
	}
	return s
}

func (m *members) boolean(name string) bool {
	v, ok := m.value(name)
	if ok && string(v) != "true" && string(v) != "false" {
		m.badType(name)
	}
	return ok && string(v) == "true"
}

// number reads an integer; 0 if it is not there.
func (m *members) number(name string, least, most int64) int64 {
	v, ok := m.value(name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		m.badType(name)
	case err != nil || n < least || n > most:
		m.fail("out of range value (%s) specified for parameter '%s'", v, name)
	default:
		return n
	}
	return 0
}

func (m *members) addr(name string) netip.Addr {
	s := m.text(name)
	if m.err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		m.fail("%s: '%s' is not an address", name, s)
		return netip.Addr{}
	}
	return a
}

func (m *members) state(name string, t Type) State {
	s := State(m.number(name, 0, int64(Registered)))
	if s == Registered && t == V4 || s == Declined && t == PD {
		m.fail("state %d is not one of %s leases", s, t)
		return 0
	}
	return s
}

// identifier reads a client identifier or a DUID.
func (m *members) identifier(name string, least int) []byte {
	s := m.text(name)
	if !m.has(name) || m.err != nil {
		return nil
	}
	b, err := keatext.ParseHex(s)
	switch {
	case err != nil:
		m.fail("%s: %w", name, err)
	case len(b) == 0:
		m.fail("%s is empty", name)
	case len(b) < least:
		m.fail("%s is too short (%d), at least %d is required", name, len(b), least)
	case len(b) > maxID:
		m.fail("%s is too long (%d), at most %d is allowed", name, len(b), maxID)
	default:
		return b
	}
	return nil
}

func (m *members) hwAddr(name string) []byte {
	s := m.text(name)
	if s == "" {
		return nil
	}
	b, err := keatext.ParseColonHex(s)
	if err != nil {
		m.fail("%s: %w", name, err)
	}
	return b
}

// userContext reads the user context as ordinary JSON without white space.
func (m *members) userContext() []byte {
	v, ok := m.value("user-context")
	if !ok {
		return nil
	}
	if v[0] != '{' {
		m.fail("user-context is not an object")
		return nil
	}
	v, err := keatext.Decode(v)
	var b bytes.Buffer
	if err == nil {
		err = json.Compact(&b, v)
	}
	if err != nil {
		m.fail("user-context: %w", err)
	}
	return b.Bytes()
}
