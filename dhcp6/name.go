package dhcp6

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// Flags of the client FQDN option (RFC 4704, section 4.1).
const (
	fqdnS = 1 << iota // the server updates the address record
	fqdnO             // the server overrides the client's wish for S
	fqdnN             // the server makes no updates
)

func nameRulesOf(p *Params) (engine.NameRules, error) {
	return engine.NewNameRules(engine.NameParams{
		Replace: p.DDNSReplaceClientName, Prefix: p.DDNSGeneratedPrefix, Suffix: p.DDNSQualifyingSuffix,
		CharSet: p.HostnameCharSet, Replacement: p.HostnameCharReplacement,
	})
}

// clientName is what becomes of the name of a client.
type clientName struct {
	stored string // in its leases
	told   bool   // to the client, in the option that it has sent, with these flags
	flags  byte
}

func (x *exchange) addName(n clientName) {
	if n.told {
		option := x.open(dhcpv6.OptionFQDN)
		x.reply = engine.AppendLabels(append(x.reply, n.flags), n.stored)
		x.close(option)
	}
}

// name decides on the name of a client with these bindings; one that has none
// has no name. It goes by the first of the grants, which a name may be generated
// from. Unlike in DHCPv4, a client that sends no name is told of none.
func (bs bindings) name(x *exchange) clientName {
	g := bs.first()
	if g == nil {
		return clientName{}
	}
	addr := g.prefix.Addr()
	if g.typ == lease.PD {
		addr = netip.Addr{}
	}
	return x.nameOf(g.subnet, g.pool, g.host, addr)
}

// nameOf decides on the name of a client that is served from here. Without an
// address none is generated.
func (x *exchange) nameOf(s *subnet, pl *pool, h *host, addr netip.Addr) clientName {
	rules := &s.names
	if pl != nil {
		rules = &pl.names
	}
	reserved := ""
	if h != nil {
		reserved = h.hostname
	}
	v, ok := x.m.option(dhcpv6.OptionFQDN)
	if !ok {
		if reserved == "" {
			return clientName{}
		}
		return clientName{stored: rules.Hostname("", reserved, addr)}
	}
	if len(v) == 0 {
		return clientName{}
	}
	sent, ok := engine.LabelName(v[1:])
	if !ok || sent == "" && reserved == "" && !addr.IsValid() {
		return clientName{}
	}
	answer, ok := rules.AnswerFQDN(engine.FQDN{Name: sent, Updates: v[0]&fqdnS != 0, None: v[0]&fqdnN != 0}, reserved, addr)
	if !ok {
		return clientName{}
	}
	var flags byte
	if answer.Updates {
		flags |= fqdnS
	}
	if answer.Override {
		flags |= fqdnO
	}
	if answer.None {
		flags |= fqdnN
	}
	return clientName{answer.Name, true, flags}
}
