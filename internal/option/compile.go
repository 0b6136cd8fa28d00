package option

import (
	"bytes"
	"errors"
	"fmt"
)

// Option is an entry of option-data whose value is in wire format.
type Option struct {
	Space   string // never empty
	Code    uint16
	Value   []byte   // the payload, without code and length
	Always  bool     // sent whether requested or not
	Never   bool     // keeps the option from being sent
	Classes []string // sent only to clients in one of these; empty: to all

	encapsulates string // the space whose options stand behind the fields
	fields       int    // bytes of Value that are fields, if encapsulates is set
}

// Compile checks an entry of option-data against its definition and encodes
// its value. The error names the option and the field, what was given and what
// is expected.
//
// As in Kea, further fields of an option that has only one are not looked at:
// a comma within its value needs a backslash.
func Compile(d Data, defs *Defs) (Option, error) {
	o, err := compile(&d, defs)
	if err != nil {
		return Option{}, fmt.Errorf("option %s: %w", d.label(), err)
	}
	return o, nil
}

// label names an entry in errors.
func (d *Data) label() string {
	switch {
	case d.Name == "":
		return fmt.Sprint(d.Code)
	case d.Code == 0:
		return d.Name
	}
	return fmt.Sprintf("%s (%d)", d.Name, d.Code)
}

func compile(d *Data, defs *Defs) (Option, error) {
	o := Option{Space: d.Space, Code: d.Code, Always: d.AlwaysSend, Never: d.NeverSend, Classes: d.ClientClasses}
	if o.Space == "" {
		o.Space = defs.mainSpace()
	}
	if err := defs.family.checkSpace(o.Space); err != nil {
		return Option{}, err
	}
	def, err := d.definition(o.Space, defs)
	if err != nil {
		return Option{}, err
	}
	if def != nil {
		o.Code, o.encapsulates = def.Code, def.Encapsulate
	}
	if err := defs.family.checkCode(o.Space, o.Code); err != nil {
		return Option{}, err
	}
	if d.NeverSend && d.Data == "" {
		return o, nil
	}
	if o.Value, err = d.value(def, defs.family); err != nil {
		return Option{}, fmt.Errorf("data: %w", err)
	}
	if def != nil {
		if o.fields, err = defs.family.check(def, o.Value); err != nil {
			return Option{}, fmt.Errorf("data: %w", err)
		}
		if o.encapsulates == "" && o.Code != defs.family.vendorInfo() {
			o.Value = o.Value[:o.fields]
		}
	}
	if max := defs.family.maxSub(); o.Space != defs.mainSpace() && len(o.Value) > max {
		return Option{}, fmt.Errorf("data: %d bytes, expected at most %d in a sub-option", len(o.Value), max)
	}
	return o, nil
}

// definition returns the definition of an entry's option, or nil if it has
// none and can do without.
func (d *Data) definition(space string, defs *Defs) (*Def, error) {
	var def Def
	var ok bool
	switch {
	case d.Code != 0:
		def, ok = defs.ByCode(space, d.Code)
	case d.Name != "":
		if def, ok = defs.ByName(space, d.Name); !ok {
			return nil, fmt.Errorf("name: space %s has no option of that name, expected one of Kea's names, one of option-def, or a code", space)
		}
	default:
		return nil, errors.New("neither name nor code is given")
	}
	if !ok {
		if d.csv() {
			return nil, fmt.Errorf("csv-format: option %d of space %s has no definition, expected false and data in hexadecimal", d.Code, space)
		}
		return nil, nil
	}
	if d.Name != "" && d.Name != def.Name {
		return nil, fmt.Errorf("name: option %d of space %s is %q", d.Code, space, def.Name)
	}
	return &def, nil
}

func (d *Data) csv() bool { return d.CSVFormat == nil || *d.CSVFormat }

// value encodes an entry's data; def is nil for bytes without a definition.
func (d *Data) value(def *Def, f Family) ([]byte, error) {
	if !d.csv() {
		v, err := parseBytes(d.Data)
		if err != nil {
			return nil, err
		}
		switch {
		case def == nil:
		case def.Type == FQDN && def.Array && f == V4:
			return expandNames(v)
		case def.Type == String:
			return bytes.TrimRight(v, "\x00"), nil
		}
		return v, nil
	}
	if def.Type == Internal {
		return internalValue(def, f, d.Data)
	}
	fields := splitFields(d.Data)
	types := def.RecordTypes
	switch {
	case def.Type == Empty && len(fields) > 0:
		return nil, errors.New("given for an option without data")
	case def.Type == Empty:
		return nil, nil
	case def.Type != Record:
		types = RecordTypes{def.Type}
	}
	if len(fields) < len(types) && (def.Type == Record || !def.Array) {
		return nil, fmt.Errorf("%d fields, expected %d (%s)", len(fields), len(types), types)
	}
	if !def.Array {
		fields = fields[:len(types)]
	}
	var v []byte
	for i, text := range fields {
		t := types[min(i, len(types)-1)]
		var err error
		if t == Tuple && def.Code == sztpRedirect && def.Space == "dhcp4" {
			// RFC 8572, section 8.3: two bytes of length, as in DHCPv6.
			v, err = V6.appendTuple(v, text)
		} else {
			v, err = f.appendField(v, t, text)
		}
		if err != nil {
			return nil, fmt.Errorf("field %d: %w", i+1, err)
		}
	}
	return v, nil
}
