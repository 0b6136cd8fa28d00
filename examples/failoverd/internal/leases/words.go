package leases

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// leased is what is leased: an address, or a prefix with its length.
func leased(l *lease.Lease) string {
	if l.Type == lease.PD {
		return fmt.Sprintf("%v/%d", l.Addr, l.PrefixLen)
	}
	return l.Addr.String()
}

// state is the state of a lease in words. One that has ended and has not been
// cleaned up is "expired".
func state(l *lease.Lease, now time.Time) string {
	if l.State == lease.Assigned && l.Expired(now) {
		return "expired"
	}
	return l.State.String()
}

// until is when a lease ends, by the clock of the place where the command runs.
func until(l *lease.Lease) string {
	if l.ValidLft == lease.Infinite {
		return "for ever"
	}
	return l.Expires().Local().Format(time.DateTime)
}

// hex is octets as users know them.
func hex(octets []byte) string {
	var b []byte
	for i, o := range octets {
		if i > 0 {
			b = append(b, ':')
		}
		b = fmt.Appendf(b, "%02x", o)
	}
	return string(b)
}

// printable is a text that a client has sent: what is no letter does not reach
// the terminal.
func printable(s string) string {
	quoted := strconv.QuoteToASCII(s)
	return quoted[1 : len(quoted)-1]
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
