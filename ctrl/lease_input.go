package ctrl

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

// parseLease reads a lease from the arguments of a command that adds or
// updates it. What is not given gets Kea's defaults. The checks and their
// order are Kea's, so that of several mistakes the same is reported.
func (c *leaseCommands) parseLease(args arguments) (*lease.Lease, error) {
	l := &lease.Lease{Type: lease.V4}
	if err := c.parseIdentity(args, l); err != nil {
		return nil, err
	}
	subnet, err := c.leaseSubnet(args, l)
	if err != nil {
		return nil, err
	}
	l.SubnetID = subnet.ID
	if c.family == V6 {
		if err := parseAssociation(args, l); err != nil {
			return nil, err
		}
	}
	if l.PoolID, err = args.uint("pool-id", 1<<32-1, 0); err != nil {
		return nil, err
	}
	if err := c.parseTimes(args, l, subnet); err != nil {
		return nil, err
	}
	if err := parseNames(args, l); err != nil {
		return nil, err
	}
	if l.State, err = c.parseState(args, l.Type); err != nil {
		return nil, err
	}
	if c.family == V6 && l.State == lease.Declined && lease.Nobody(l.ClientID) {
		l.ClientID = nil
	}
	l.UserContext, err = parseUserContext(args)
	return l, err
}

// parseIdentity reads what is leased, and to whom.
func (c *leaseCommands) parseIdentity(args arguments, l *lease.Lease) error {
	text, err := args.string("ip-address")
	if err != nil {
		return err
	}
	var ok bool
	if l.Addr, ok = parseAddr(text); !ok {
		return failf("Failed to convert '%s' to address: Failed to convert string to address '%[1]s': Invalid argument", text)
	}
	if !c.family.has(l.Addr) {
		return failf("Non-%s address specified: %s", c.family, text)
	}
	if c.family == V6 {
		return parseIdentity6(args, l)
	}
	if text, err = args.string("hw-address"); err != nil {
		return err
	}
	if l.HWAddr, err = parseHWAddr(text); err != nil {
		return err
	}
	if !args.has("client-id") {
		return nil
	}
	if text, err = args.string("client-id"); err != nil {
		return err
	}
	l.ClientID, err = parseID(text, V4)
	return err
}

func parseIdentity6(args arguments, l *lease.Lease) error {
	text, err := args.string("duid")
	if err != nil {
		return err
	}
	if l.ClientID, err = parseID(text, V6); err != nil {
		return err
	}
	l.Type = lease.NA
	if args.has("type") {
		text, err := args.string("type")
		if err != nil {
			return err
		}
		var ok bool
		if l.Type, ok = leaseType(text); !ok || l.Type == lease.V4 {
			return failf("Incorrect lease type: %s, the only supported values are: na and pd", text)
		}
	}
	if l.Type == lease.PD {
		if !args.has("prefix-len") {
			return failf("missing parameter 'prefix-len'")
		}
		bits, err := args.uint("prefix-len", 255, 0)
		if err != nil {
			return err
		}
		prefix, err := l.Addr.Prefix(int(bits))
		if err != nil || bits == 0 {
			return failf("Invalid prefix length %d", bits)
		}
		if prefix.Addr() != l.Addr {
			return failf("Prefix address: %s exceeds prefix/prefix-len pair: %s", l.Addr, prefix)
		}
		l.PrefixLen = uint8(bits)
	}
	return nil
}

// parseAssociation reads for which of a client's identity associations the
// lease is, and what hardware it has.
func parseAssociation(args arguments, l *lease.Lease) (err error) {
	if !args.has("iaid") {
		return failf("missing parameter 'iaid'")
	}
	if l.IAID, err = args.uint("iaid", 1<<32-1, 0); err != nil || !args.has("hw-address") {
		return err
	}
	text, err := args.string("hw-address")
	if err != nil {
		return err
	}
	l.HWAddr, err = parseHWAddr(text)
	return err
}

func leaseType(text string) (lease.Type, bool) {
	switch text {
	case "V4":
		return lease.V4, true
	case "IA_NA":
		return lease.NA, true
	case "IA_PD":
		return lease.PD, true
	}
	return 0, false
}

// leaseSubnet finds the subnet of the lease.
func (c *leaseCommands) leaseSubnet(args arguments, l *lease.Lease) (Subnet, error) {
	id, err := args.uint("subnet-id", 1<<32-1, 0)
	if err != nil {
		return Subnet{}, err
	}
	if id == 0 {
		if l.Type == lease.PD {
			return Subnet{}, failf("Subnet-id is 0 or not specified. This is allowed for address leases only, not prefix leases.")
		}
		for subnet := range c.subnets.Subnets() {
			if subnet.Prefix.Contains(l.Addr) {
				return subnet, nil
			}
		}
		return Subnet{}, conflictf("subnet-id not specified and failed to find a subnet for address %s", l.Addr)
	}
	subnet, ok := c.subnets.Subnet(id)
	if !ok {
		return Subnet{}, conflictf("Invalid subnet-id: No %s subnet with subnet-id=%d currently configured.", c.family, id)
	}
	// A prefix that is delegated need not lie in the subnet.
	if l.Type != lease.PD && !subnet.Prefix.Contains(l.Addr) {
		return Subnet{}, conflictf("The address %s does not belong to subnet %s, subnet-id=%d", l.Addr, subnet.Prefix, id)
	}
	return subnet, nil
}

// parseTimes reads the lifetimes. "expire" is the end of the valid lifetime;
// the client's last transaction is counted back from it.
func (c *leaseCommands) parseTimes(args arguments, l *lease.Lease, subnet Subnet) (err error) {
	if l.ValidLft, err = args.uint("valid-lft", lease.Infinite, subnet.ValidLft); err != nil {
		return err
	}
	if c.family == V6 {
		// The valid lifetime here as well, as in Kea.
		if l.PreferredLft, err = args.uint("preferred-lft", lease.Infinite, subnet.ValidLft); err != nil {
			return err
		}
	}
	raw, ok := args["expire"]
	if !ok {
		l.CLTT = time.Now().Unix()
		return nil
	}
	expire, ok := integer(raw)
	switch {
	case !ok:
		return wrongType("expire")
	case expire <= 0:
		return failf("expiration time must be positive for address %s", l.Addr)
	case expire < int64(l.ValidLft):
		return failf("expiration time must be greater than valid lifetime for address %s", l.Addr)
	}
	l.CLTT = expire - int64(l.ValidLft)
	return nil
}

func parseNames(args arguments, l *lease.Lease) (err error) {
	if l.FQDNFwd, err = args.bool("fqdn-fwd"); err != nil {
		return err
	}
	if l.FQDNRev, err = args.bool("fqdn-rev"); err != nil {
		return err
	}
	if args.has("hostname") {
		if l.Hostname, err = args.string("hostname"); err != nil {
			return err
		}
	}
	if l.Hostname == "" && (l.FQDNFwd || l.FQDNRev) {
		return failf("No hostname specified and either forward or reverse fqdn was set to true.")
	}
	return nil
}

// stateNames returns the names of states by their numbers.
func (c *leaseCommands) stateNames() []string {
	names := []string{"default", "declined", "expired-reclaimed", "released", "registered"}
	if c.family == V4 {
		return names[:lease.Registered]
	}
	return names
}

func (c *leaseCommands) parseState(args arguments, typ lease.Type) (lease.State, error) {
	n, err := args.uint("state", 255, 0)
	if err != nil {
		return 0, err
	}
	names := c.stateNames()
	if int(n) >= len(names) {
		for i, name := range names {
			names[i] = fmt.Sprintf("%d (%s)", i, name)
		}
		last := len(names) - 1
		return 0, failf("Invalid state value: %d, supported values are: %s and %s",
			n, strings.Join(names[:last], ", "), names[last])
	}
	state := lease.State(n)
	if typ == lease.PD && state == lease.Declined {
		return 0, failf("Invalid declined state for PD prefix.")
	}
	return state, nil
}

// parseUserContext returns the user context with the comment in it.
func parseUserContext(args arguments) ([]byte, error) {
	context, ok := args["user-context"]
	members := arguments{}
	if ok {
		if members, ok = parseArguments(context); !ok {
			return nil, failf("Invalid user context '%s' is not a JSON map.", keatext.Encode(context))
		}
	}
	comment, ok := args["comment"]
	if !ok {
		return context, nil
	}
	if members.has("comment") {
		return nil, failf("Duplicated comment entry '%s' in user context '%s'", keatext.Encode(comment), keatext.Encode(context))
	}
	members["comment"] = comment
	return json.Marshal(members)
}
