package option

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Options of the space dhcp4 that are not quite what their definition says.
const (
	classlessRoutes = 121 // RFC 3442
	vivcoClass      = 124 // RFC 3925, section 3
	sztpRedirect    = 143 // RFC 8572, section 8.3
)

// internalValue encodes an option that has a text form of its own.
func internalValue(def *Def, f Family, text string) ([]byte, error) {
	if f == V4 && def.Code == classlessRoutes {
		return parseRoutes(text)
	}
	return nil, fmt.Errorf("%s is supported only in hexadecimal, expected csv-format false", def.Name)
}

// parseRoutes encodes classless static routes (RFC 3442), given as
// "10.0.0.0/8 - 192.0.2.1, 0.0.0.0/0 - 192.0.2.2".
func parseRoutes(text string) ([]byte, error) {
	var v []byte
	for i, route := range splitFields(text) {
		to, via, ok := strings.Cut(route, "-")
		prefix, err1 := netip.ParsePrefix(strings.Trim(to, blanks))
		router, err2 := netip.ParseAddr(strings.Trim(via, blanks))
		if !ok || err1 != nil || err2 != nil || !prefix.Addr().Is4() || !router.Is4() {
			return nil, fmt.Errorf("route %d: %q is not a route, expected 10.0.0.0/8 - 192.0.2.1", i+1, route)
		}
		v = append(v, byte(prefix.Bits()))
		v = append(v, prefix.Addr().AsSlice()[:(prefix.Bits()+7)/8]...)
		v = append(v, router.AsSlice()...)
	}
	return v, nil
}

// check checks a value against its definition and returns how many bytes of it
// are fields.
func (f Family) check(def *Def, value []byte) (int, error) {
	if f == V4 && def.Space == "dhcp4" {
		switch def.Code {
		case classlessRoutes:
			if def.Type == Internal {
				return len(value), checkRoutes(value)
			}
		case vivcoClass:
			return len(value), checkVendorClass(value)
		case sztpRedirect:
			return V6.fieldsLen(def, value)
		}
	}
	switch {
	case def.Type == String && len(value) == 0:
		return 0, errors.New("a string must not be empty")
	case def.Type == FQDN && def.Array && len(value) == 0:
		return 0, errors.New("no domain name is given")
	}
	return f.fieldsLen(def, value)
}

func checkRoutes(v []byte) error {
	if len(v) == 0 {
		return errors.New("no route is given")
	}
	for i := 1; len(v) > 0; i++ {
		if v[0] > 32 {
			return fmt.Errorf("route %d: prefix length %d, expected at most 32", i, v[0])
		}
		n := 1 + (int(v[0])+7)/8 + 4
		if n > len(v) {
			return fmt.Errorf("route %d: %w", i, errTruncated)
		}
		v = v[n:]
	}
	return nil
}

// checkVendorClass checks that strings behind their lengths follow the
// enterprise number, and that every further one has the same number before it.
func checkVendorClass(v []byte) error {
	if len(v) < 5 {
		return errTruncated
	}
	number := v[:4]
	for len(v) > 0 {
		if len(v) < 5 || len(v) < 5+int(v[4]) {
			return errTruncated
		}
		if !bytes.Equal(v[:4], number) {
			return fmt.Errorf("two enterprise numbers, %d and %d, expected one", binary.BigEndian.Uint32(number), binary.BigEndian.Uint32(v))
		}
		v = v[5+int(v[4]):]
	}
	return nil
}
