package ctrl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

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

// jsonAppender is what Arguments may be that are long.
type jsonAppender interface {
	// AppendJSON appends JSON as Kea writes it.
	AppendJSON(b []byte) ([]byte, error)
}

// appendTo appends the response as Kea writes it, with the members in its order.
func (r Response) appendTo(b []byte) ([]byte, error) {
	b = append(b, '{', ' ')
	if r.Arguments != nil {
		b = append(b, `"arguments": `...)
		if long, ok := r.Arguments.(jsonAppender); ok {
			var err error
			if b, err = long.AppendJSON(b); err != nil {
				return nil, err
			}
		} else {
			text, err := encode(r.Arguments)
			if err != nil {
				return nil, err
			}
			b = append(b, text...)
		}
		b = append(b, ", "...)
	}
	b = strconv.AppendInt(append(b, `"result": `...), int64(r.Result), 10)
	if r.Text != "" {
		b = keatext.Quote(append(b, `, "text": `...), r.Text)
	}
	return append(b, " }"...), nil
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
