package ctrl

import "github.com/dhcpha/dhcpha/internal/keatext"

// Lengths of identifiers in bytes.
const (
	maxHWAddr   = 20
	minClientID = 2
	maxClientID = 255
	minDUID     = 1 // 3 since Kea 2.3.8, but older ones have clients with shorter ones, and declined leases
	maxDUID     = 130
)

// parseHWAddr reads the text of a hardware address, pairs of digits with
// colons between them. The empty text is none.
func parseHWAddr(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	b, err := keatext.ParseColonHex(s)
	if err == nil && len(b) > maxHWAddr {
		return nil, failf("address vector size exceeds MAX_HWADDR_LEN")
	}
	return b, err
}

// parseID reads the text of a client identifier, or of a DUID for IPv6: pairs
// of digits with colons or spaces between them, or digits with or without 0x.
func parseID(s string, family Family) ([]byte, error) {
	b, err := keatext.ParseHex(s)
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
