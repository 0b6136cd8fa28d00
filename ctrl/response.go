package ctrl

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// Response is the answer to a command.
type Response struct {
	Result    int    // Success, Error, …
	Text      string // for people, bytes as they are; Kea always gives one with a result that is not Success
	Arguments any    // what json.Marshal takes; nil: none
}

// Errorf returns the response of a command that failed, with result Error.
func Errorf(format string, args ...any) Response {
	return Response{Result: Error, Text: fmt.Sprintf(format, args...)}
}

// wire returns what is encoded as the response, with the members in Kea's
// order.
func (r Response) wire() any {
	var text json.RawMessage
	if r.Text != "" {
		// Not as a string: what is no UTF-8 in it would be lost.
		text = keatext.Quote(nil, r.Text)
	}
	return struct {
		Arguments any             `json:"arguments,omitempty"`
		Result    int             `json:"result"`
		Text      json.RawMessage `json:"text,omitempty"`
	}{r.Arguments, r.Result, text}
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
