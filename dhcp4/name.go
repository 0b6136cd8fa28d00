package dhcp4

import (
	"github.com/dhcpha/dhcpha/internal/engine"
)

func nameRulesOf(p *Params) (engine.NameRules, error) {
	return engine.NewNameRules(engine.NameParams{
		Replace: p.DDNSReplaceClientName, Prefix: p.DDNSGeneratedPrefix, Suffix: p.DDNSQualifyingSuffix,
		CharSet: p.HostnameCharSet, Replacement: p.HostnameCharReplacement,
	})
}

// clientName is what becomes of the name of a client.
type clientName struct {
	stored string // in the lease, lower case
	code   uint8  // of the option in the reply, 0: none
	value  []byte
}

func (n *clientName) addTo(r *message) {
	if n.code != 0 {
		r.options.set(n.code, n.value)
	}
}

// clientName decides on the name. A reserved one counts most; then the option
// client FQDN (RFC 4702), of which a client that sends it also wants to hear;
// then the host name option.
func (x *exchange) clientName(g *grant) clientName {
	rules := &g.subnet.names
	if g.pool != nil {
		rules = &g.pool.names
	}
	reserved := ""
	if g.host != nil {
		reserved = g.host.hostname
	}
	if v, ok := x.q.options.get(optClientFQDN); ok {
		asked, labels, ok := readFQDN(v)
		if !ok {
			return clientName{} // a malformed option is not answered
		}
		answer, ok := rules.AnswerFQDN(asked, reserved, g.addr)
		if !ok {
			return clientName{}
		}
		return clientName{answer.Name, optClientFQDN, appendFQDN(nil, answer, labels)}
	}
	name := rules.Hostname(string(x.q.options.value(optHostname)), reserved, g.addr)
	if name == "" {
		return clientName{}
	}
	return clientName{name, optHostname, x.keptText(name)}
}
