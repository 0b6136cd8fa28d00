package ctrl

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// Response is the answer to a command. The members are in the order in which
// Kea writes them.
type Response struct {
	Arguments any    `json:"arguments,omitempty"` // what json.Marshal takes; nil: none
	Result    int    `json:"result"`              // Success, Error, …
	Text      string `json:"text,omitempty"`      // for people; Kea always gives one with a result that is not Success
}

// Errorf returns the response of a command that failed, with result Error.
func Errorf(format string, args ...any) Response {
	return Response{Result: Error, Text: fmt.Sprintf(format, args...)}
}

// encode returns v as Kea writes it.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return keatext.Encode(b.Bytes()), nil
}
