package dhcp4_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// fixed gives every client the same address.
func fixed(_ context.Context, q *dhcp4.Query) (*dhcp4.Reply, error) {
	if q.Message.MessageType() != dhcpv4.MessageTypeDiscover {
		return nil, nil // silence
	}
	m, err := dhcpv4.NewReplyFromRequest(q.Message,
		dhcpv4.WithMessageType(dhcpv4.MessageTypeOffer),
		dhcpv4.WithServerIP(q.Local.AsSlice()),
		dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 7)))
	if err != nil {
		return nil, err
	}
	return &dhcp4.Reply{Message: m}, nil
}

// logged says what a handler does.
func logged(log *slog.Logger) dhcp4.Middleware {
	return func(next dhcp4.Handler) dhcp4.Handler {
		return dhcp4.HandlerFunc(func(ctx context.Context, q *dhcp4.Query) (*dhcp4.Reply, error) {
			reply, err := next.ServeDHCP(ctx, q)
			answer := "none"
			if reply != nil {
				answer = reply.Message.MessageType().String()
			}
			log.Info("query", "type", q.Message.MessageType().String(),
				"client", q.Message.ClientHWAddr.String(), "answer", answer, "error", err)
			return reply, err
		})
	}
}

// A handler of one's own, and middleware around it. The Engine is a handler
// that can be wrapped in the same way.
func ExampleWrap() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	server := &dhcp4.Server{
		Handler:    dhcp4.Wrap(dhcp4.HandlerFunc(fixed), logged(log)),
		Interfaces: []string{"eth0"},
	}
	// server.Serve(ctx) would call it for every query, as this does for one:
	discover, err := dhcpv4.NewDiscovery(net.HardwareAddr{2, 0, 0, 0, 0, 1})
	if err != nil {
		panic(err)
	}
	_, _ = server.Handler.ServeDHCP(context.Background(), &dhcp4.Query{Message: discover, Interface: "eth0"})
	// Output:
	// level=INFO msg=query type=DISCOVER client=02:00:00:00:00:01 answer=OFFER error=<nil>
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// Handler functions in the form of coredhcp's plugins serve as they are.
func ExampleAdapt() {
	serverID := func(_, resp *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, bool) {
		resp.UpdateOption(dhcpv4.OptServerIdentifier(net.IPv4(192, 0, 2, 1)))
		return resp, false // and on to the next
	}
	static := func(req, resp *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, bool) {
		if req.ClientHWAddr.String() != "02:00:00:00:00:01" {
			return nil, true // no reply
		}
		resp.YourIPAddr = net.IPv4(192, 0, 2, 7)
		return resp, true
	}
	handler := dhcp4.Adapt(serverID, static)

	discover, err := dhcpv4.NewDiscovery(net.HardwareAddr{2, 0, 0, 0, 0, 1})
	if err != nil {
		panic(err)
	}
	reply, err := handler.ServeDHCP(context.Background(), &dhcp4.Query{Message: discover})
	if err != nil {
		panic(err)
	}
	fmt.Println(reply.Message.MessageType(), reply.Message.YourIPAddr, "from", reply.Message.ServerIdentifier())
	// Output: OFFER 192.0.2.7 from 192.0.2.1
}
