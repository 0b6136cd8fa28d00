package ctrl

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// which says which lease a command is about: that of an address, or that of a
// client in a subnet.
type which struct {
	typ    lease.Type
	addr   netip.Addr // not valid: by client
	subnet int64
	hwAddr []byte // IPv4 only
	id     []byte // client identifier or, with iaid, DUID
	iaid   uint32
}

// find returns the lease that the arguments of a command identify. nil: there
// is none.
func (c *leaseCommands) find(raw json.RawMessage) (*lease.Lease, error) {
	w, err := c.parseWhich(raw)
	if err != nil {
		return nil, err
	}
	return c.look(w)
}

func (c *leaseCommands) parseWhich(raw json.RawMessage) (w which, err error) {
	args, ok := parseArguments(raw)
	if !ok {
		return w, failf("Parameters missing or are not a map.")
	}
	if _, err := args.bool("update-ddns"); err != nil {
		return w, failf("'update-ddns' is not a boolean")
	}
	if w.typ, err = c.parseType(args); err != nil {
		return w, err
	}
	if args.has("ip-address") {
		w.addr, err = c.parseAddress(args)
	} else {
		err = c.parseClient(args, &w)
	}
	return w, err
}

// look returns the lease; nil: there is none. Of several of a client it is that
// with the lowest address, but as with Kea nobody can mean one of the several
// that an identity association has.
func (c *leaseCommands) look(w which) (*lease.Lease, error) {
	var leases []lease.Lease
	switch {
	case w.addr.IsValid():
		if l, ok := c.store.Lookup(lease.Key{Type: w.typ, Addr: w.addr}); ok {
			return &l, nil
		}
		return nil, nil
	case len(w.hwAddr) > 0:
		leases = c.store.ByHWAddr(w.hwAddr)
	case len(w.id) == 0: // nobody is known by having none
	case c.family == V6:
		leases = c.store.ByIAID(w.id, w.iaid)
	default:
		leases = c.store.ByClientID(w.id)
	}
	leases = slices.DeleteFunc(leases, func(l lease.Lease) bool {
		return l.Type != w.typ || int64(l.SubnetID) != w.subnet
	})
	switch {
	case len(leases) == 0:
		return nil, nil
	case len(leases) > 1 && c.family == V6:
		return nil, failf("More than one lease found for type %d, duid %s, iaid %d and subnet-id %d",
			map[lease.Type]int{lease.NA: 0, lease.PD: 2}[w.typ], keatext.AppendHex(nil, w.id), w.iaid, w.subnet)
	}
	return new(slices.MinFunc(leases, byAddress)), nil
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

// parseClient reads whose lease is meant, and in which subnet.
func (c *leaseCommands) parseClient(args arguments, w *which) error {
	raw, ok := args["subnet-id"]
	if !ok {
		return failf("Mandatory 'subnet-id' parameter missing.")
	}
	if w.subnet, ok = integer(raw); !ok {
		return failf("'subnet-id' parameter is not integer.")
	}
	if raw, ok := args["iaid"]; ok {
		iaid, ok := integer(raw)
		if !ok {
			return failf("'iaid' parameter is not integer.")
		}
		w.iaid = uint32(iaid)
	}
	typ, ok := keatext.Unquote(args["identifier-type"])
	if !ok {
		return failf("No 'ip-address' provided and 'identifier-type' is either missing or not a string.")
	}
	text, ok := keatext.Unquote(args["identifier"])
	if !ok {
		return failf("No 'ip-address' provided and 'identifier' is either missing or not a string.")
	}
	var err error
	switch {
	case typ != "hw-address" && typ != "client-id" && typ != "duid":
		return failf("Incorrect identifier type: %s, the only supported values are: address, hw-address, duid", typ)
	case c.family == V4 && typ == "hw-address":
		w.hwAddr, err = parseHWAddr(text)
	case c.family == V4 && typ == "client-id", c.family == V6 && typ == "duid":
		w.id, err = parseID(text, c.family)
	default:
		return failf("Query by %s is not allowed in v%d.", typ, c.family)
	}
	return err
}

func byAddress(a, b lease.Lease) int {
	if d := a.Addr.Compare(b.Addr); d != 0 {
		return d
	}
	return cmp.Compare(a.Type, b.Type)
}
