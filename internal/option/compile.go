package option

import "errors"

// Option is an entry of option-data whose value is in wire format.
type Option struct {
	Space   string // never empty
	Code    uint16
	Value   []byte   // the payload, without code and length
	Always  bool     // sent whether requested or not
	Never   bool     // keeps the option from being sent
	Classes []string // sent only to clients in one of these; empty: to all

	encapsulates string // the space whose options are carried in it
}

// Compile checks an entry of option-data against its definition and encodes
// its value. The error names the field, what was given and what is expected.
func Compile(d Data, defs *Defs) (Option, error) { return Option{}, errors.New("option: to be done") }
