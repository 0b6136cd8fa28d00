package lease

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// MarshalJSON returns the lease as Kea's lease commands return it: members by
// name, the client's last transaction time as "cltt". Bytes that are not
// printable ASCII are escaped one by one, as Kea reads them.
func (l Lease) MarshalJSON() ([]byte, error) { return l.AppendJSON(make([]byte, 0, 320)) }

// AppendJSON appends the lease as MarshalJSON returns it.
func (l *Lease) AppendJSON(b []byte) ([]byte, error) {
	if err := l.Key().valid(); err != nil {
		return b, fmt.Errorf("lease: %w", err)
	}
	return l.appendJSON(b, false), nil
}

// AppendUpdate appends the lease as servers send it to each other in updates
// (lease4-update, lease6-bulk-apply): like MarshalJSON, but with its end as
// "expire" instead of "cltt".
func (l *Lease) AppendUpdate(b []byte) []byte { return l.appendJSON(b, true) }

func (l *Lease) appendJSON(b []byte, update bool) []byte {
	v6 := l.Type != V4
	b = append(b, '{')
	if !v6 && len(l.ClientID) > 0 {
		b = appendHex(b, "client-id", l.ClientID)
	}
	if !update {
		b = strconv.AppendInt(appendName(b, "cltt"), l.CLTT, 10)
	}
	if v6 {
		duid := l.ClientID
		if len(duid) == 0 {
			duid = noDUID
		}
		b = appendHex(b, "duid", duid)
	}
	if update {
		// Kea adds the lifetime even if that means never.
		b = strconv.AppendInt(appendName(b, "expire"), l.CLTT+int64(l.ValidLft), 10)
	}
	b = strconv.AppendBool(appendName(b, "fqdn-fwd"), l.FQDNFwd)
	b = strconv.AppendBool(appendName(b, "fqdn-rev"), l.FQDNRev)
	b = keatext.Quote(appendName(b, "hostname"), l.Hostname)
	if !v6 || len(l.HWAddr) > 0 {
		b = appendHex(b, "hw-address", l.HWAddr)
	}
	if v6 {
		b = appendNumber(b, "iaid", l.IAID)
	}
	b = append(appendName(b, "ip-address"), '"')
	b = append(l.Addr.AppendTo(b), '"')
	if l.PoolID != 0 {
		b = appendNumber(b, "pool-id", l.PoolID)
	}
	if v6 {
		b = appendNumber(b, "preferred-lft", l.PreferredLft)
	}
	if l.Type == PD {
		b = appendNumber(b, "prefix-len", uint32(l.PrefixLen))
	}
	b = appendNumber(b, "state", uint32(l.State))
	b = appendNumber(b, "subnet-id", l.SubnetID)
	if v6 {
		b = keatext.Quote(appendName(b, "type"), l.Type.String())
	}
	if len(l.UserContext) > 0 {
		b = append(appendName(b, "user-context"), keatext.Encode(l.UserContext)...)
	}
	b = appendNumber(b, "valid-lft", l.ValidLft)
	return append(b, '}')
}

func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func appendNumber(b []byte, name string, n uint32) []byte {
	return strconv.AppendUint(appendName(b, name), uint64(n), 10)
}

func appendHex(b []byte, name string, octets []byte) []byte {
	b = append(appendName(b, name), '"')
	return append(keatext.AppendHex(b, octets), '"')
}

// noDUID stands for the DUID of a declined lease, which nobody has; Kea 2.2
// writes a single zero.
var noDUID = []byte{0, 0, 0}

// UnmarshalJSON reads a lease as servers emit it, in answers and in updates: of
// "cltt" and "expire" one is needed, "cltt" counts if there are both. All other
// members that are always emitted are needed too; unknown members are passed
// over. It is not for what people write in commands, who may leave more out.
func (l *Lease) UnmarshalJSON(b []byte) error {
	m, err := parseMembers(b)
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	got := m.lease()
	if m.err != nil {
		return fmt.Errorf("lease: %w", m.err)
	}
	*l = got
	return nil
}

func (m *members) lease() (l Lease) {
	m.need("ip-address", "fqdn-fwd", "fqdn-rev", "hostname", "state", "subnet-id", "valid-lft")
	if l.Addr = m.addr("ip-address"); m.err != nil {
		return l
	}
	if l.Addr.Is4() {
		l.Type = V4
		m.need("hw-address")
		l.ClientID = m.identifier("client-id", 2)
	} else {
		m.v6(&l)
	}
	l.HWAddr = m.hwAddr("hw-address")
	l.SubnetID = uint32(m.number("subnet-id", 1, 1<<32-1))
	l.PoolID = uint32(m.number("pool-id", 0, 1<<32-1))
	l.ValidLft = uint32(m.number("valid-lft", 0, 1<<32-1))
	if m.has("cltt") {
		l.CLTT = m.number("cltt", 1, maxCLTT)
	} else {
		m.need("expire")
		l.CLTT = m.number("expire", int64(l.ValidLft), maxCLTT) - int64(l.ValidLft)
	}
	l.FQDNFwd = m.boolean("fqdn-fwd")
	l.FQDNRev = m.boolean("fqdn-rev")
	l.Hostname = lower(m.text("hostname"))
	l.State = m.state("state", l.Type)
	if l.Type != V4 && l.State == Declined && Nobody(l.ClientID) {
		l.ClientID = nil
	}
	l.UserContext = m.userContext()
	return l
}

// v6 reads the members that only DHCPv6 has.
func (m *members) v6(l *Lease) {
	m.need("type", "iaid", "duid", "preferred-lft")
	l.Type = NA
	switch t := m.text("type"); t {
	case "IA_NA":
	case "IA_PD":
		l.Type = PD
		m.need("prefix-len")
		l.PrefixLen = uint8(m.number("prefix-len", 1, 128))
		if prefix := netip.PrefixFrom(l.Addr, int(l.PrefixLen)).Masked(); m.err == nil && prefix.Addr() != l.Addr {
			m.fail("%v is not the first address of %v", l.Addr, prefix)
		}
	default:
		m.fail("type: '%s' is no type of lease", t)
	}
	l.ClientID = m.identifier("duid", 1)
	l.IAID = uint32(m.number("iaid", 0, 1<<32-1))
	l.PreferredLft = uint32(m.number("preferred-lft", 0, 1<<32-1))
}

// Nobody says whether a DUID is that of a declined lease, which nobody has:
// zeros, of varying number.
func Nobody(duid []byte) bool { return len(bytes.TrimLeft(duid, "\x00")) == 0 }
