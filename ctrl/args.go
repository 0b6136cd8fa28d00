package ctrl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// failf returns an error that becomes a response with result Error. Its text
// is Kea's, but for the place in the message, which Kea adds in brackets.
func failf(format string, args ...any) error {
	return &ResultError{Error, fmt.Sprintf(format, args...)}
}

func conflictf(format string, args ...any) error {
	return &ResultError{Conflict, fmt.Sprintf(format, args...)}
}

// failure returns the response for a command that has failed with err.
func failure(err error) Response {
	var r *ResultError
	if errors.As(err, &r) {
		return Response{Result: r.Code, Text: r.Text}
	}
	return Response{Result: Error, Text: err.Error()}
}

// arguments are the members of a JSON object, found by their exact names.
type arguments map[string]json.RawMessage

// parseArguments says false if raw is not a JSON object.
func parseArguments(raw json.RawMessage) (arguments, bool) {
	var args arguments
	if kind(raw) != '{' || json.Unmarshal(raw, &args) != nil {
		return nil, false
	}
	return args, true
}

// kind returns the first character of a JSON value, which tells its type; 0 if
// there is none.
func kind(raw json.RawMessage) byte {
	for _, c := range raw {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// integer reads what Kea takes for an integer: no fraction, no exponent.
func integer(raw json.RawMessage) (int64, bool) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}

func (a arguments) has(name string) bool {
	_, ok := a[name]
	return ok
}

func (a arguments) string(name string) (string, error) {
	raw, ok := a[name]
	if !ok {
		return "", failf("missing parameter '%s'", name)
	}
	s, ok := keatext.Unquote(raw)
	if !ok {
		return "", wrongType(name)
	}
	return s, nil
}

// uint returns an integer of at most max, or other if there is none.
func (a arguments) uint(name string, max uint32, other uint32) (uint32, error) {
	raw, ok := a[name]
	if !ok {
		return other, nil
	}
	n, ok := integer(raw)
	if !ok {
		return 0, wrongType(name)
	}
	if n < 0 || n > int64(max) {
		return 0, failf("out of range value (%d) specified for parameter '%s'", n, name)
	}
	return uint32(n), nil
}

// bool is false if there is none.
func (a arguments) bool(name string) (bool, error) {
	switch raw, ok := a[name]; {
	case !ok, string(raw) == "false":
		return false, nil
	case string(raw) == "true":
		return true, nil
	}
	return false, wrongType(name)
}

// list returns the elements of a list, none if there is none.
func (a arguments) list(name string) ([]json.RawMessage, error) {
	raw, ok := a[name]
	if !ok {
		return nil, nil
	}
	var list []json.RawMessage
	if kind(raw) != '[' || json.Unmarshal(raw, &list) != nil {
		return nil, failf("the '%s' parameter must be a list", name)
	}
	return list, nil
}

func wrongType(name string) error { return failf("invalid type specified for parameter '%s'", name) }

// parseAddr reads an address as inet_pton does, which knows no zones.
func parseAddr(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	return addr, err == nil && addr.Zone() == ""
}
