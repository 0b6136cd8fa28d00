package dhcp6_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/dhcpha/dhcpha/dhcp6"
)

// resolver tells every client that asks for information its DNS server.
func resolver(_ context.Context, q *dhcp6.Query) (*dhcp6.Reply, error) {
	if q.Message.MessageType != dhcpv6.MessageTypeInformationRequest {
		return nil, nil // silence
	}
	duid := &dhcpv6.DUIDEN{EnterpriseNumber: 62448, EnterpriseIdentifier: []byte{1}}
	m, err := dhcpv6.NewReplyFromMessage(q.Message,
		dhcpv6.WithServerID(duid),
		dhcpv6.WithDNS(net.ParseIP("2001:db8::53")))
	if err != nil {
		return nil, err
	}
	return &dhcp6.Reply{Message: m}, nil
}

// logged says what a handler does.
func logged(log *slog.Logger) dhcp6.Middleware {
	return func(next dhcp6.Handler) dhcp6.Handler {
		return dhcp6.HandlerFunc(func(ctx context.Context, q *dhcp6.Query) (*dhcp6.Reply, error) {
			reply, err := next.ServeDHCP(ctx, q)
			answer := "none"
			if reply != nil {
				answer = reply.Message.MessageType.String()
			}
			log.Info("query", "type", q.Message.MessageType.String(), "relays", len(q.Relays), "answer", answer, "error", err)
			return reply, err
		})
	}
}

// A handler of one's own, and middleware around it. The Engine is a handler
// that can be wrapped in the same way.
func ExampleWrap() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	server := &dhcp6.Server{
		Handler:    dhcp6.Wrap(dhcp6.HandlerFunc(resolver), logged(log)),
		Interfaces: []string{"eth0"},
	}
	// server.Serve(ctx) would call it for every query, as this does for one:
	_, _ = server.Handler.ServeDHCP(context.Background(), &dhcp6.Query{Message: question(), Interface: "eth0"})
	// Output:
	// level=INFO msg=query type=INFORMATION-REQUEST relays=0 answer=REPLY error=<nil>
}

// routed tells a router which prefixes it has to route, and to whom. Prefixes of
// clients behind relay agents are the relay agents' to route.
func routed(route func(p *net.IPNet, via netip.Addr, iface string, valid time.Duration)) dhcp6.Middleware {
	return func(next dhcp6.Handler) dhcp6.Handler {
		return dhcp6.HandlerFunc(func(ctx context.Context, q *dhcp6.Query) (*dhcp6.Reply, error) {
			reply, err := next.ServeDHCP(ctx, q)
			if reply == nil || reply.Message.MessageType != dhcpv6.MessageTypeReply || len(q.Relays) > 0 {
				return reply, err
			}
			for _, ia := range reply.Message.Options.IAPD() {
				for _, p := range ia.Options.Prefixes() {
					route(p.Prefix, q.Source.Addr(), q.Interface, p.ValidLifetime) // 0: no longer
				}
			}
			return reply, err
		})
	}
}

// Middleware around the engine sees what clients are given, after it is on
// disk. What they give back, and what expires, lease.Store.Observe tells.
func ExampleMiddleware() {
	engine := dhcp6.HandlerFunc(func(_ context.Context, q *dhcp6.Query) (*dhcp6.Reply, error) {
		m, err := dhcpv6.NewReplyFromMessage(q.Message, dhcpv6.WithIAPD([4]byte{0, 0, 0, 1}, &dhcpv6.OptIAPrefix{
			Prefix:        &net.IPNet{IP: net.ParseIP("2001:db8:f00::"), Mask: net.CIDRMask(56, 128)},
			ValidLifetime: time.Hour,
		}))
		return &dhcp6.Reply{Message: m}, err
	}) // or what dhcp6.NewEngine returns
	handler := dhcp6.Wrap(engine, routed(func(p *net.IPNet, via netip.Addr, iface string, valid time.Duration) {
		fmt.Println("ip route replace", p, "via", via, "dev", iface, "for", valid)
	}))

	_, _ = handler.ServeDHCP(context.Background(), &dhcp6.Query{
		Message: question(), Interface: "eth1", Source: netip.MustParseAddrPort("[fe80::1]:546"),
	})
	// Output: ip route replace 2001:db8:f00::/56 via fe80::1 dev eth1 for 1h0m0s
}

// question is what a client asks that needs no lease.
func question() *dhcpv6.Message {
	m, err := dhcpv6.NewMessage(dhcpv6.WithClientID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: net.HardwareAddr{2, 0, 0, 0, 0, 1}}))
	if err != nil {
		panic(err)
	}
	m.MessageType = dhcpv6.MessageTypeInformationRequest
	return m
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// Handler functions in the form of coredhcp's plugins serve as they are.
func ExampleAdapt() {
	serverID := func(_, resp dhcpv6.DHCPv6) (dhcpv6.DHCPv6, bool) {
		resp.AddOption(dhcpv6.OptServerID(&dhcpv6.DUIDEN{EnterpriseNumber: 62448, EnterpriseIdentifier: []byte{1}}))
		return resp, false // and on to the next
	}
	dns := func(_, resp dhcpv6.DHCPv6) (dhcpv6.DHCPv6, bool) {
		resp.AddOption(dhcpv6.OptDNS(net.ParseIP("2001:db8::53")))
		return resp, true
	}
	handler := dhcp6.Adapt(serverID, dns)

	reply, err := handler.ServeDHCP(context.Background(), &dhcp6.Query{Message: question()})
	if err != nil {
		panic(err)
	}
	fmt.Println(reply.Message.MessageType, reply.Message.Options.DNS()[0])
	// Output: REPLY 2001:db8::53
}
