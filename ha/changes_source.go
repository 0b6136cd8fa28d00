package ha

import "github.com/dhcpha/dhcpha/lease"

// secondStream is the bit that a backup sets in the sources of what does not
// come from the primary: revisions of two servers cannot be compared.
const secondStream = 1 << 63

// partners says whether a source is a revision of another server.
func partners(source uint64) bool { return source != 0 && source != lease.Foreign }

// source returns the source of what a server has sent.
func (r *receiver) source(sender string, rev uint64) uint64 {
	if r.opts.backup(sender) {
		return lease.Foreign // revisions are compared with those of the partner
	}
	if r.opts.role == Backup && sender != r.opts.primary {
		return secondStream | rev
	}
	return rev
}
