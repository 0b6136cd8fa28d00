package ctrl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// Reply is a response as it came in.
type Reply struct {
	Result    int
	Text      string
	Arguments json.RawMessage // nil: none
}

// ErrReply is returned for a response that is not one.
var ErrReply = errors.New("malformed response")

// parseReply reads a response the way Kea's HA does: the first element of a
// list counts. bare says that it comes from a unix socket, where there is no
// list; by HTTP a response outside a list is that of a server which has not
// understood the request, whatever its result says.
func parseReply(body []byte, bare bool) (*Reply, error) {
	body, err := keatext.Decode(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReply, err)
	}
	if !json.Valid(body) {
		return nil, fmt.Errorf("%w: not JSON", ErrReply)
	}
	// Not by the library, which would go through a page of leases several times.
	first := bytes.TrimSpace(body)
	if first[0] == '[' {
		list := first
		first, bare = nil, true
		for first = range keatext.Elements(list) {
			break
		}
		if first == nil {
			return nil, fmt.Errorf("%w: empty list", ErrReply)
		}
	}
	if first[0] != '{' {
		return nil, fmt.Errorf("%w: neither a list of objects nor an object", ErrReply)
	}
	reply := new(Reply)
	var result []byte
	for name, value := range keatext.Members(first) {
		switch string(name) { // names are taken literally
		case "arguments":
			reply.Arguments = value
		case "text":
			reply.Text, _ = keatext.Unquote(value)
		case "result":
			result = value
		}
	}
	if !bare {
		reply.Result = Error
		return reply, nil
	}
	if result == nil || json.Unmarshal(result, &reply.Result) != nil || string(result) == "null" {
		return nil, fmt.Errorf("%w: no integer result", ErrReply)
	}
	return reply, nil
}

// err is how Kea's HA judges the reply: nil or a *ResultError.
func (r *Reply) err() error {
	switch r.Result {
	case Success:
		return nil
	case Empty:
		return r.failedLeases()
	default:
		return &ResultError{r.Result, r.Text}
	}
}

// failedLeases finds what became of the leases of a lease6-bulk-apply none of
// which was applied: a real failure outweighs a conflict.
func (r *Reply) failedLeases() error {
	var args map[string]json.RawMessage
	var failed []map[string]json.RawMessage
	if json.Unmarshal(r.Arguments, &args) != nil || json.Unmarshal(args["failed-leases"], &failed) != nil {
		return nil
	}
	var worst error
	for _, lease := range failed {
		var code int
		if json.Unmarshal(lease["result"], &code) != nil {
			continue
		}
		text, _ := keatext.Unquote(lease["error-message"])
		switch {
		case code == Error:
			return &ResultError{code, text}
		case code == Conflict && worst == nil:
			worst = &ResultError{code, text}
		}
	}
	return worst
}
