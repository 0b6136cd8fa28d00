package ctrl

import (
	"encoding/hex"
	"strings"
)

// Lengths of identifiers in bytes.
const (
	maxHWAddr   = 20
	minClientID = 2
	maxClientID = 255
	minDUID     = 3 // 1 before Kea 2.3.8
	maxDUID     = 130
)

// parseHWAddr reads the text of a hardware address, pairs of digits with
// colons between them. The empty text is none.
func parseHWAddr(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	b, err := parseSeparated(s, ":")
	if err == nil && len(b) > maxHWAddr {
		return nil, failf("address vector size exceeds MAX_HWADDR_LEN")
	}
	return b, err
}

// parseID reads the text of a client identifier, or of a DUID for IPv6: pairs
// of digits with colons or spaces between them, or digits with or without 0x.
func parseID(s string, family Family) ([]byte, error) {
	b, err := parseFormatted(s)
	if err != nil {
		return nil, err
	}
	name, shortest, longest := "client-id", minClientID, maxClientID
	if family == V6 {
		name, shortest, longest = "identifier", minDUID, maxDUID
	}
	switch {
	case len(b) == 0:
		return nil, failf("Empty DUIDs are not allowed")
	case len(b) < shortest:
		return nil, failf("%s is too short (%d), at least %d is required", name, len(b), shortest)
	case len(b) > longest:
		return nil, failf("%s is too large (%d), at most %d is allowed", name, len(b), longest)
	}
	return b, nil
}

func parseFormatted(s string) ([]byte, error) {
	for _, separator := range []string{":", " "} {
		if strings.Contains(s, separator) {
			return parseSeparated(s, separator)
		}
	}
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, failf("'%s' is not a valid string of hexadecimal digits", s)
	}
	return b, nil
}

// parseSeparated reads one or two digits between separators.
func parseSeparated(s, separator string) ([]byte, error) {
	var b []byte
	for octet := range strings.SplitSeq(s, separator) {
		switch {
		case octet == "":
			return nil, failf("two consecutive separators ('%s') specified in a decoded string '%s'", separator, s)
		case len(octet) > 2:
			return nil, failf("invalid format of the decoded string '%s'", s)
		}
		var v byte
		for i := range len(octet) {
			d := strings.IndexByte("0123456789abcdef", octet[i]|0x20)
			if octet[i] < '0' || d < 0 {
				return nil, failf("'%s' is not a valid hexadecimal digit in decoded string '%s'", octet[i:i+1], s)
			}
			v = v<<4 | byte(d)
		}
		b = append(b, v)
	}
	return b, nil
}
