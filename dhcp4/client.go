package dhcp4

import (
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// clientOf says who sent a message: by its client identifier (RFC 2131,
// section 4.2), and its hardware address. They are copies.
func clientOf(m *message) (c lease.Client) {
	id, n := m.options.value(optClientID), len(m.chaddr)
	own := make([]byte, n+len(id))
	if copy(own, m.chaddr); n > 0 {
		c.HWAddr = own[:n:n]
	}
	if copy(own[n:], id); len(id) > 0 {
		c.ID = own[n:]
	}
	return c
}

// maxClientID is the longest client identifier: what fits into one option.
const maxClientID = 255

// identity is a key for a client: the client identifier, or else the hardware
// address. Keys of the two kinds never meet.
func identity(c lease.Client, byID bool) string {
	if countsID(c, byID) {
		return "i" + string(c.ID)
	}
	return "h" + string(c.HWAddr)
}

// countsID says whether a client is known by its client identifier: where such
// count (match-client-id), or if it has nothing else.
func countsID(c lease.Client, byID bool) bool {
	return len(c.ID) > 0 && (byID || len(c.HWAddr) == 0)
}

// owns says whether a lease is the client's: by the client identifiers if both
// have one, else by the hardware addresses. byID is match-client-id.
func owns(c lease.Client, byID bool, l *lease.Lease) bool {
	if countsID(c, byID) && len(l.ClientID) > 0 {
		return string(c.ID) == string(l.ClientID)
	}
	return len(c.HWAddr) > 0 && string(c.HWAddr) == string(l.HWAddr)
}

// typeDUID marks a client identifier that holds an IAID and a DUID (RFC 4361,
// section 6.1).
const typeDUID = 255

// duidOf returns the DUID within a client identifier, or nil.
func duidOf(clientID []byte) []byte {
	if len(clientID) > 5 && clientID[0] == typeDUID {
		return clientID[5:]
	}
	return nil
}

// waited is how long a client says it has been trying. Some clients put secs
// into the wrong byte order; like Kea, a value beyond 255 whose low byte is
// zero is taken for one of theirs.
func waited(secs uint16) time.Duration {
	if secs > 255 && secs&0xff == 0 {
		secs >>= 8
	}
	return time.Duration(secs) * time.Second
}
