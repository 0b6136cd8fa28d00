package testnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
)

// Relayed6 is what [Relayed] is, for DHCPv6: the relay agent is at ::1.
type Relayed6 struct{ place }

// NewRelayed6 returns a place that is closed when the test ends.
func NewRelayed6(t testing.TB, server netip.AddrPort) *Relayed6 {
	t.Helper()
	return &Relayed6{newPlace(t, server)}
}

// Client6 returns the client identifier of a client with a hardware address.
func Client6(hw net.HardwareAddr) dhcpv6.DUID {
	return &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: hw}
}

// Lease goes from Solicit to Reply and returns the Reply. The options, most of
// all the identity associations, are those of the Solicit; in the Request the
// associations are as they were advertised.
func (r *Relayed6) Lease(ctx context.Context, client dhcpv6.DUID, options ...dhcpv6.Option) (*dhcpv6.Message, error) {
	advertise, err := r.Ask(ctx, dhcpv6.MessageTypeSolicit, append(options, dhcpv6.OptClientID(client))...)
	if err != nil {
		return nil, fmt.Errorf("solicit as %s: %w", client, err)
	}
	reply, err := r.Ask(ctx, dhcpv6.MessageTypeRequest, held(advertise)...)
	if err != nil {
		return nil, fmt.Errorf("request as %s: %w", client, err)
	}
	return reply, nil
}

// Renew prolongs what a Reply gave and returns the new Reply.
func (r *Relayed6) Renew(ctx context.Context, reply *dhcpv6.Message) (*dhcpv6.Message, error) {
	again, err := r.Ask(ctx, dhcpv6.MessageTypeRenew, held(reply)...)
	if err != nil {
		return nil, fmt.Errorf("renew as %s: %w", reply.Options.ClientID(), err)
	}
	return again, nil
}

// held are the options of a message in which the client of an answer wants to
// keep what is in it.
func held(answer *dhcpv6.Message) []dhcpv6.Option {
	options := []dhcpv6.Option{dhcpv6.OptClientID(answer.Options.ClientID()), dhcpv6.OptServerID(answer.Options.ServerID())}
	for _, o := range answer.Options.Options {
		if code := o.Code(); code == dhcpv6.OptionIANA || code == dhcpv6.OptionIAPD {
			options = append(options, o)
		}
	}
	return options
}

// Ask sends a message as relayed, again and again while there is no answer, and
// returns the answer, whatever its status.
func (r *Relayed6) Ask(ctx context.Context, kind dhcpv6.MessageType, options ...dhcpv6.Option) (*dhcpv6.Message, error) {
	m, err := dhcpv6.NewMessage()
	if err != nil {
		return nil, err
	}
	m.MessageType = kind
	m.Options.Options = append(m.Options.Options, options...)
	m.AddOption(dhcpv6.OptElapsedTime(0))
	agent := Relay6{Addr: netip.IPv6Loopback(), SourcePort: r.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()}
	packet := agent.forward(m.ToBytes(), netip.MustParseAddrPort("[fe80::1]:546"))
	var answer *dhcpv6.Message
	err = r.ask(ctx, packet, func(p []byte) (ok bool, err error) {
		inner, _ := agent.reply(p)
		if len(inner) == 0 || inner[0] == relayReply {
			return false, nil // to something else that was sent
		}
		if answer, err = dhcpv6.MessageFromBytes(inner); err != nil {
			return false, fmt.Errorf("the server's answer: %w", err)
		}
		return answer.TransactionID == m.TransactionID, nil
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// Grant6 is an address, as a prefix of 128 bits, or a delegated prefix that a
// client may use.
type Grant6 struct {
	Prefix netip.Prefix
	Valid  time.Duration
}

// Grants6 returns what an answer lets the client use.
func Grants6(m *dhcpv6.Message) []Grant6 {
	var all []Grant6
	add := func(ip net.IP, bits int, valid time.Duration) {
		if addr, ok := netip.AddrFromSlice(ip); ok && valid > 0 {
			all = append(all, Grant6{netip.PrefixFrom(addr, bits), valid})
		}
	}
	for _, ia := range m.Options.IANA() {
		for _, a := range ia.Options.Addresses() {
			add(a.IPv6Addr, 128, a.ValidLifetime)
		}
	}
	for _, ia := range m.Options.IAPD() {
		for _, p := range ia.Options.Prefixes() {
			bits, _ := p.Prefix.Mask.Size()
			add(p.Prefix.IP, bits, p.ValidLifetime)
		}
	}
	return all
}
