package conf

import (
	"slices"
	"strings"
)

// HostID is an identifier of a reservation and the name of its kind.
type HostID struct {
	Kind string
	ID   Identifier
}

// Given returns those of the identifiers that are not empty.
func Given(ids ...HostID) []HostID {
	return slices.DeleteFunc(ids, func(i HostID) bool { return len(i.ID) == 0 })
}

// maxIdentifier is how many bytes an identifier of each kind may have: those
// of chaddr with Kea's margin, of a DUID (RFC 9915, section 11.1), and of a
// DHCPv4 option.
func maxIdentifier(kind string) int {
	switch kind {
	case "hw-address":
		return 20
	case "duid":
		return 130
	}
	return 255
}

// HostIDs checks the identifiers of a reservation, which must be one of the
// kinds. seen are the paths of those of others, in the same subnet.
func (ck *Checker) HostIDs(path string, ids []HostID, kinds []string, seen map[string]string) {
	if len(ids) != 1 {
		ck.Errorf(path, "has %d identifiers; it must have one, of %s", len(ids), listed(kinds))
	}
	for _, one := range ids {
		if limit := maxIdentifier(one.Kind); len(one.ID) > limit {
			ck.Errorf(At(path, one.Kind), "has %d bytes; it may have %d", len(one.ID), limit)
		}
		if first, twice := seen[one.Kind+string(one.ID)]; twice {
			ck.Errorf(At(path, one.Kind), "%s is already the identifier of %s", one.ID, first)
		} else {
			seen[one.Kind+string(one.ID)] = path
		}
	}
}

// HostKinds checks host-reservation-identifiers.
func (ck *Checker) HostKinds(names, kinds []string) {
	seen := map[string]bool{}
	for i, name := range names {
		path := Index("host-reservation-identifiers", i)
		ck.OneOf(path, name, kinds...)
		if seen[name] {
			ck.Errorf(path, "%q is there twice", name)
		}
		seen[name] = true
	}
}

// listed words a list: "a, b and c".
func listed(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
