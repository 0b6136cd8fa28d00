package dhcpha_test

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp6"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hatest"
)

type engine6 struct{ *dhcp6.Engine }

func (e engine6) Register(mux *ctrl.Mux) { e.Engine.Register(mux, nil) }

// duids are those of the servers, by their names: clients know them by what they
// have been answered.
type duids struct{ of sync.Map }

// start6 is a Config.Start of DHCPv6.
func (d *duids) start6(n *hatest.Node) (hatest.Program, error) {
	return startWhole(n, func(p *whole, service *ctrl.Service, opts *ha.Options) error {
		// Leases know clients by their DUIDs only, as the oracle does.
		cfg, err := dhcp6.ParseConfig(strings.NewReader(configOf(n, "6", `, "mac-sources": ["docsis-cmts"]`)), nil)
		if err != nil {
			return err
		}
		e, err := dhcp6.NewEngine(cfg, p.store, &dhcp6.EngineOptions{
			Committer: p.pair, Background: p.pair.Background(), Reclaims: p.pair.Reclaims, Gate: p.pair,
			Service: service, Logger: opts.Logger,
		})
		if err != nil {
			return err
		}
		p.engine = engine6{e}
		d.of.Store(n.Name, e.ServerID())
		p.query = func(ctx context.Context, q hatest.Query) (hatest.Answer, bool) {
			reply, err := e.ServeDHCP(ctx, d.query(n, q))
			if err != nil || reply == nil {
				return hatest.Answer{}, false
			}
			return answer6(q.Kind, reply.Message)
		}
		return nil
	})
}

var types6 = map[hatest.Kind]dhcpv6.MessageType{
	hatest.Discover: dhcpv6.MessageTypeSolicit, hatest.Request: dhcpv6.MessageTypeRequest,
	hatest.Reboot: dhcpv6.MessageTypeConfirm, hatest.Renew: dhcpv6.MessageTypeRenew, hatest.Rebind: dhcpv6.MessageTypeRebind,
	hatest.Release: dhcpv6.MessageTypeRelease, hatest.Decline: dhcpv6.MessageTypeDecline,
}

// query is the message for a query, as the relay agent on the client's link
// passes it on.
func (d *duids) query(n *hatest.Node, q hatest.Query) *dhcp6.Query {
	id, err := dhcpv6.DUIDFromBytes(q.Client.ID)
	if err != nil {
		panic(err) // hatest's own
	}
	m := &dhcpv6.Message{MessageType: types6[q.Kind]}
	m.AddOption(dhcpv6.OptClientID(id))
	m.AddOption(dhcpv6.OptElapsedTime(q.Waited))
	if server, ok := d.of.Load(q.Server); ok && q.Kind != hatest.Rebind {
		of, err := dhcpv6.DUIDFromBytes(server.([]byte))
		if err != nil {
			panic(err) // an engine's own
		}
		m.AddOption(dhcpv6.OptServerID(of))
	}
	ia := &dhcpv6.OptIANA{IaId: [4]byte{0, 0, 0, 1}}
	if q.Addr.IsValid() {
		ia.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: q.Addr.AsSlice()})
	}
	m.AddOption(ia)
	router := routerOf(n, q.Subnet)
	relay := &dhcpv6.RelayMessage{MessageType: dhcpv6.MessageTypeRelayForward, LinkAddr: router.AsSlice(), PeerAddr: netip.MustParseAddr("fe80::1").AsSlice()}
	relay.AddOption(dhcpv6.OptRelayMessage(m))
	return &dhcp6.Query{
		Message: m, Relays: []*dhcpv6.RelayMessage{relay}, Received: time.Now(), Interface: "eth0",
		Local: netip.MustParseAddr("2001:db8::1"), Source: netip.AddrPortFrom(router, dhcpv6.DefaultServerPort), Unicast: true,
		Length: len(m.ToBytes()),
	}
}

func answer6(k hatest.Kind, m *dhcpv6.Message) (hatest.Answer, bool) {
	ia := m.Options.OneIANA()
	if ia == nil { // to a Confirm, Release or Decline, or a refusal of all
		if s := m.Options.Status(); s != nil && s.StatusCode != iana.StatusSuccess {
			return hatest.Answer{Kind: hatest.Nak}, true
		}
		return hatest.Answer{Kind: hatest.Ack}, true
	}
	addr := ia.Options.OneAddress()
	switch {
	case k == hatest.Release || k == hatest.Decline:
		return hatest.Answer{Kind: hatest.Ack}, true
	case addr == nil || addr.ValidLifetime == 0:
		return hatest.Answer{Kind: hatest.Nak}, true
	}
	a := hatest.Answer{Kind: hatest.Ack, Valid: addr.ValidLifetime, Renew: ia.T1, Rebind: ia.T2}
	if m.MessageType == dhcpv6.MessageTypeAdvertise {
		a.Kind = hatest.Offer
	}
	a.Addr, _ = netip.AddrFromSlice(bytes.Clone(addr.IPv6Addr))
	return a, true
}
