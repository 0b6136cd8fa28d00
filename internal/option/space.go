package option

import (
	"fmt"
	"strconv"
	"strings"
)

// mainSpace is the space of the options that stand in a message itself.
func (f Family) mainSpace() string {
	if f == V4 {
		return "dhcp4"
	}
	return "dhcp6"
}

func (d *Defs) mainSpace() string { return d.family.mainSpace() }

// maxCode is the greatest code that an option can have.
func (f Family) maxCode() uint16 {
	if f == V4 {
		return 255
	}
	return 65535
}

// vendorInfo is the code of the option that carries options of an enterprise.
func (f Family) vendorInfo() uint16 {
	if f == V4 {
		return 125 // V-I Vendor-Specific Information, RFC 3925, section 4
	}
	return 17 // OPTION_VENDOR_OPTS, RFC 9915, section 21.17
}

// vendorClass is the code of the option that names a class of an enterprise.
func (f Family) vendorClass() uint16 {
	if f == V4 {
		return 124 // V-I Vendor Class, RFC 3925, section 3
	}
	return 16 // OPTION_VENDOR_CLASS, RFC 9915, section 21.16
}

// enterprise returns the number in the name of a vendor's space, such as
// vendor-4491, or false for a space that is none.
func enterprise(space string) (uint32, bool) {
	digits, ok := strings.CutPrefix(space, "vendor-")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil && n > 0
}

// checkSpace tells whether a space may be used in a family's configuration.
func (f Family) checkSpace(space string) error {
	if !validName(space) {
		return fmt.Errorf("space: %q is not a name of letters, digits, hyphens and underscores", space)
	}
	if (space == "dhcp4" || space == "dhcp6") && space != f.mainSpace() {
		return fmt.Errorf("space: %s is for DHCPv%s, expected %s or a space of your own", space, space[4:], f.mainSpace())
	}
	return nil
}

// checkCode tells whether an option of a space may have a code.
func (f Family) checkCode(space string, code uint16) error {
	switch {
	case code > f.maxCode():
		return fmt.Errorf("code: %d is out of range, expected at most %d", code, f.maxCode())
	case space != f.mainSpace():
		return nil
	case code == 0:
		return fmt.Errorf("code: 0 is reserved")
	case code == 255 && f == V4:
		return fmt.Errorf("code: 255 is reserved for the end of the options")
	}
	return nil
}

// validName tells whether a name is one that options and spaces may have.
func validName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case (c == '-' || c == '_') && i > 0 && i < len(name)-1:
		default:
			return false
		}
	}
	return name != ""
}
