package dhcpha_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hatest"
)

type engine4 struct{ *dhcp4.Engine }

func (e engine4) Register(mux *ctrl.Mux) { e.Engine.Register(mux, nil) }

// start4 is a Config.Start of DHCPv4.
func start4(n *hatest.Node) (hatest.Program, error) {
	return startWhole(n, func(p *whole, service *ctrl.Service, opts *ha.Options) error {
		cfg, err := dhcp4.ParseConfig(strings.NewReader(configOf(n, "4", "")), nil)
		if err != nil {
			return err
		}
		e, err := dhcp4.NewEngine(cfg, p.store, &dhcp4.EngineOptions{
			Committer: p.pair, Background: p.pair.Background(), Reclaims: p.pair.Reclaims, Gate: p.pair,
			Service: service, Logger: opts.Logger,
		})
		if err != nil {
			return err
		}
		p.engine = engine4{e}
		p.query = func(ctx context.Context, q hatest.Query) (hatest.Answer, bool) {
			reply, err := e.ServeDHCP(ctx, query4(n, q))
			if err != nil || reply == nil {
				return hatest.Answer{}, false
			}
			return answer4(reply.Message)
		}
		return nil
	})
}

// query4 is the message for a query (RFC 2131, table 5), as it comes from the
// relay agent on the client's link or, where the client sends it to the server
// itself, from that.
func query4(n *hatest.Node, q hatest.Query) *dhcp4.Query {
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: 1, ClientHWAddr: net.HardwareAddr(q.Client.HWAddr),
		NumSeconds:   uint16(q.Waited / time.Second),
		ClientIPAddr: net.IPv4zero, YourIPAddr: net.IPv4zero, ServerIPAddr: net.IPv4zero, GatewayIPAddr: net.IPv4zero,
		Options: dhcpv4.Options{},
	}
	here := addrOf(n, n.Name)
	out := &dhcp4.Query{Message: m, Received: time.Now(), Interface: "eth0", Local: here, Length: 300}
	typ, named, has := dhcpv4.MessageTypeRequest, false, false
	switch q.Kind {
	case hatest.Discover:
		typ = dhcpv4.MessageTypeDiscover
	case hatest.Request:
		named = true
	case hatest.Renew:
		has, out.Unicast = true, true
	case hatest.Rebind:
		has = true
	case hatest.Release:
		typ, named, has, out.Unicast = dhcpv4.MessageTypeRelease, true, true, true
	case hatest.Decline:
		typ, named = dhcpv4.MessageTypeDecline, true
	}
	m.UpdateOption(dhcpv4.OptMessageType(typ))
	if named {
		m.UpdateOption(dhcpv4.OptServerIdentifier(addrOf(n, q.Server).AsSlice()))
	}
	if has {
		m.ClientIPAddr = q.Addr.AsSlice()
	} else if q.Addr.IsValid() {
		m.UpdateOption(dhcpv4.OptRequestedIPAddress(q.Addr.AsSlice()))
	}
	if out.Unicast {
		out.Source = netip.AddrPortFrom(q.Addr, dhcpv4.ClientPort)
	} else {
		router := routerOf(n, q.Subnet)
		m.GatewayIPAddr, m.HopCount = router.AsSlice(), 1
		out.Source, out.Unicast = netip.AddrPortFrom(router, dhcpv4.ServerPort), true
	}
	return out
}

func answer4(m *dhcpv4.DHCPv4) (hatest.Answer, bool) {
	addr, _ := netip.AddrFromSlice(m.YourIPAddr.To4())
	switch m.MessageType() {
	case dhcpv4.MessageTypeOffer:
		return hatest.Answer{Kind: hatest.Offer, Addr: addr, Valid: m.IPAddressLeaseTime(0)}, true
	case dhcpv4.MessageTypeAck:
		return hatest.Answer{
			Kind: hatest.Ack, Addr: addr, Valid: m.IPAddressLeaseTime(0),
			Renew: m.IPAddressRenewalTime(0), Rebind: m.IPAddressRebindingTime(0),
		}, true
	case dhcpv4.MessageTypeNak:
		return hatest.Answer{Kind: hatest.Nak}, true
	}
	return hatest.Answer{}, false
}
