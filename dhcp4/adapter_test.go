package dhcp4

import (
	"context"
	"net"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

func TestAdapt(t *testing.T) {
	t.Parallel()
	type link = func(req, resp *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, bool)
	lease := func(_, resp *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, bool) {
		resp.YourIPAddr = net.IPv4(192, 0, 2, 100)
		return resp, false
	}
	final := func(_, resp *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, bool) { return resp, true }
	silent := func(_, _ *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, bool) { return nil, false }
	never := func(_, _ *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, bool) { panic("the chain has ended") }

	ask := func(typ dhcpv4.MessageType, chain ...link) *Reply {
		reply, err := Adapt(chain...).ServeDHCP(t.Context(), &Query{Message: query(t, typ)})
		require.NoError(t, err)
		return reply
	}
	offer := ask(dhcpv4.MessageTypeDiscover, lease, final, never).Message
	require.Equal(t, dhcpv4.MessageTypeOffer, offer.MessageType())
	require.Equal(t, dhcpv4.TransactionID{1, 2, 3, 4}, offer.TransactionID)
	require.True(t, offer.YourIPAddr.Equal(net.IPv4(192, 0, 2, 100)))
	require.Equal(t, dhcpv4.MessageTypeAck, ask(dhcpv4.MessageTypeRequest, lease).Message.MessageType())
	require.Nil(t, ask(dhcpv4.MessageTypeRequest, lease, silent, never))
	require.Nil(t, ask(dhcpv4.MessageTypeRelease, never))
}

func TestWrap(t *testing.T) {
	t.Parallel()
	var order []string
	note := func(name string) Middleware {
		return func(next Handler) Handler {
			return HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
				order = append(order, name)
				return next.ServeDHCP(ctx, q)
			})
		}
	}
	h := Wrap(HandlerFunc(echo), note("first"), note("second"))
	reply, err := h.ServeDHCP(t.Context(), &Query{Message: query(t, dhcpv4.MessageTypeRequest)})
	require.NoError(t, err)
	require.NotNil(t, reply)
	require.Equal(t, []string{"first", "second"}, order)
}
