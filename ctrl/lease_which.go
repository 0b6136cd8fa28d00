package ctrl

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// find returns the lease that the arguments of a command identify: by its
// address, or by its client and subnet. nil: there is none.
func (c *leaseCommands) find(raw json.RawMessage) (*lease.Lease, error) {
	args, ok := parseArguments(raw)
	if !ok {
		return nil, failf("Parameters missing or are not a map.")
	}
	if _, err := args.bool("update-ddns"); err != nil {
		return nil, failf("'update-ddns' is not a boolean")
	}
	typ, err := c.parseType(args)
	if err != nil {
		return nil, err
	}
	if args.has("ip-address") {
		addr, err := c.parseAddress(args)
		if err != nil {
			return nil, err
		}
		if l, ok := c.store.Lookup(lease.Key{Type: typ, Addr: addr}); ok {
			return &l, nil
		}
		return nil, nil
	}
	return c.findByClient(args, typ)
}

func (c *leaseCommands) parseType(args arguments) (lease.Type, error) {
	typ := lease.V4
	if c.family == V6 {
		typ = lease.NA
	}
	if !args.has("type") {
		return typ, nil
	}
	text, err := args.string("type")
	if err != nil {
		return 0, failf("'type' is not a string.")
	}
	given, ok := leaseType(text)
	if !ok {
		return 0, failf("Invalid lease type specified: %s, only supported values are: IA_NA, IA_TA, IA_PD and V4", text)
	}
	if c.family == V6 {
		typ = given
	}
	return typ, nil
}

func (c *leaseCommands) parseAddress(args arguments) (netip.Addr, error) {
	text, err := args.string("ip-address")
	if err != nil {
		return netip.Addr{}, failf("'ip-address' is not a string.")
	}
	addr, ok := parseAddr(text)
	if !ok {
		return netip.Addr{}, failf("Failed to convert string to address '%s': Invalid argument", text)
	}
	if !c.family.has(addr) {
		return netip.Addr{}, failf("Invalid %s address specified: %s", c.family, text)
	}
	return addr, nil
}

// findByClient returns the client's lease in a subnet, of several the one with
// the lowest address.
func (c *leaseCommands) findByClient(args arguments, typ lease.Type) (*lease.Lease, error) {
	raw, ok := args["subnet-id"]
	if !ok {
		return nil, failf("Mandatory 'subnet-id' parameter missing.")
	}
	subnet, ok := integer(raw)
	if !ok {
		return nil, failf("'subnet-id' parameter is not integer.")
	}
	var iaid int64
	if raw, ok := args["iaid"]; ok {
		if iaid, ok = integer(raw); !ok {
			return nil, failf("'iaid' parameter is not integer.")
		}
	}
	identifierType, ok := keatext.Unquote(args["identifier-type"])
	if !ok {
		return nil, failf("No 'ip-address' provided and 'identifier-type' is either missing or not a string.")
	}
	identifier, ok := keatext.Unquote(args["identifier"])
	if !ok {
		return nil, failf("No 'ip-address' provided and 'identifier' is either missing or not a string.")
	}
	leases, err := c.byIdentifier(identifierType, identifier, uint32(iaid))
	if err != nil {
		return nil, err
	}
	leases = slices.DeleteFunc(leases, func(l lease.Lease) bool {
		return l.Type != typ || int64(l.SubnetID) != subnet
	})
	if len(leases) == 0 {
		return nil, nil
	}
	return new(slices.MinFunc(leases, byAddress)), nil
}

// byIdentifier returns the leases, in all subnets, of a client.
func (c *leaseCommands) byIdentifier(typ, text string, iaid uint32) ([]lease.Lease, error) {
	switch typ {
	case "hw-address", "client-id", "duid":
	default:
		return nil, failf("Incorrect identifier type: %s, the only supported values are: address, hw-address, duid", typ)
	}
	if c.family == V4 {
		switch typ {
		case "hw-address":
			hw, err := parseHWAddr(text)
			if err != nil || len(hw) == 0 { // nobody is known by having none
				return nil, err
			}
			return c.store.ByHWAddr(hw), nil
		case "client-id":
			id, err := parseID(text, V4)
			if err != nil {
				return nil, err
			}
			return c.store.ByClientID(id), nil
		}
	} else if typ == "duid" {
		duid, err := parseID(text, V6)
		if err != nil {
			return nil, err
		}
		return c.store.ByIAID(duid, iaid), nil
	}
	return nil, failf("Query by %s is not allowed in v%d.", typ, c.family)
}

func byAddress(a, b lease.Lease) int {
	if d := a.Addr.Compare(b.Addr); d != 0 {
		return d
	}
	return cmp.Compare(a.Type, b.Type)
}
