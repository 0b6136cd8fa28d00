package lease

import (
	"fmt"
	"time"
)

// Input is a lease as a command to add or update it brings it (lease4-add,
// lease4-update, lease6-bulk-apply …). What may be left out of it is filled in
// by Complete, once the subnet is known.
type Input struct {
	// Lease is what is known so far. SubnetID 0 means that the subnet is to
	// be found by the address. Neither CLTT nor the lifetimes are set yet.
	Lease Lease

	ForceCreate bool // an update makes the lease if it is not there

	expire              int64   // 0: not given
	validLft, preferred *uint32 // nil: not given
}

// ParseInput reads the arguments of a command of the family given. Members that
// are not of a lease are passed over. An error names the member it is about.
func ParseInput(b []byte, v6 bool) (*Input, error) {
	m, err := parseMembers(b)
	if err != nil {
		return nil, err
	}
	in := &Input{Lease: m.lease()}
	switch {
	case v6 && in.Lease.Addr.Is4():
		m.fail("Non-IPv6 address specified: %v", in.Lease.Addr)
	case !v6 && in.Lease.Addr.Is6():
		m.fail("Non-IPv4 address specified: %v", in.Lease.Addr)
	}
	if v6 {
		m.need("duid", "iaid")
		in.preferred = m.lifetime("preferred-lft")
	} else {
		m.need("hw-address")
	}
	in.Lease.SubnetID = uint32(m.number("subnet-id", 0, 1<<32-1))
	in.validLft = m.lifetime("valid-lft")
	in.ForceCreate = m.boolean("force-create")
	if m.has("expire") {
		if in.expire = m.number("expire", -1<<63, 1<<63-1); in.expire <= 0 {
			m.fail("expiration time must be positive for address %v", in.Lease.Addr)
		}
	}
	l := &in.Lease
	switch {
	case l.Type == PD && l.SubnetID == 0:
		m.fail("Subnet-id is 0 or not specified. This is allowed for address leases only, not prefix leases.")
	case (l.FQDNFwd || l.FQDNRev) && l.Hostname == "":
		m.fail("No hostname specified and either forward or reverse fqdn was set to true.")
	}
	if m.err != nil {
		return nil, m.err
	}
	return in, nil
}

func (m *members) lifetime(name string) *uint32 {
	if !m.has(name) {
		return nil
	}
	n := uint32(m.number(name, 0, 1<<32-1))
	return &n
}

// Complete returns the lease with what was left out: the subnet, its valid
// lifetime in seconds (for the preferred lifetime too, as Kea has it), and now
// as the client's last transaction time.
func (in *Input) Complete(subnetID, validLft uint32, now time.Time) (Lease, error) {
	l := in.Lease
	l.SubnetID = subnetID
	l.ValidLft = validLft
	if in.validLft != nil {
		l.ValidLft = *in.validLft
	}
	if l.Type != V4 {
		l.PreferredLft = validLft
		if in.preferred != nil {
			l.PreferredLft = *in.preferred
		}
	}
	l.CLTT = now.Unix()
	if in.expire != 0 {
		if l.CLTT = in.expire - int64(l.ValidLft); l.CLTT < 0 {
			return Lease{}, fmt.Errorf("expiration time must be greater than valid lifetime for address %v", l.Addr)
		}
	}
	return l, nil
}
