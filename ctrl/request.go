package ctrl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// Request is a command as it came in.
type Request struct {
	Command   string
	Arguments json.RawMessage // nil: none; may be of any JSON type
}

// ErrSyntax is returned for what is not JSON in Kea's dialect.
var ErrSyntax = errors.New("not JSON as Kea reads it")

func rejected(text string) error {
	return &ResultError{Error, "Error during command processing: " + text}
}

// ParseRequest reads a command the way Kea does: member names are taken
// literally, and any but the known ones refused. Whom the command addresses
// (service) and whence it came (remote-address) are not looked at.
//
// ErrSyntax: body is not JSON. A *ResultError: Kea answers with that result and
// text.
func ParseRequest(body []byte) (*Request, error) {
	body, err := keatext.Decode(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	if !json.Valid(body) {
		return nil, ErrSyntax
	}
	if bytes.TrimSpace(body)[0] != '{' {
		return nil, rejected("Invalid command Element specified, expected map")
	}
	// Not a struct: its fields would be found whatever their case.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	raw, ok := members["command"]
	if !ok {
		return nil, rejected("Invalid answer specified, does not contain mandatory 'command'")
	}
	command, ok := keatext.Unquote(raw)
	if !ok {
		return nil, rejected("'command' element in command message is not a string")
	}
	var unknown []string
	for name := range members {
		switch name {
		case "command", "arguments", "service", "remote-address":
		default:
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, rejected("Received command contains unsupported parameter '" + slices.Min(unknown) + "'")
	}
	return &Request{Command: command, Arguments: members["arguments"]}, nil
}
