package dhcp6

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/serve"
	"github.com/dhcpha/dhcpha/lease"
)

// committed keeps what it is given, as a committer may.
type committed struct{ changes []lease.Change }

func (c *committed) Commit(_ context.Context, changes ...lease.Change) error {
	c.changes = append(c.changes, changes...)
	return nil
}

// datagrams are what a handler is asked, by way of a server, one after the
// other.
type datagrams struct {
	protocol *protocol
	endpoint serve.Endpoint
	in, out  *serve.Datagram
}

func newDatagrams(h Handler) *datagrams {
	return &datagrams{
		protocol: &protocol{server: &Server{Handler: h}},
		endpoint: serve.Endpoint{Choice: serve.Choice{Link: serve.Link{Name: "eth0"}}, Local: netip.MustParseAddr("fe80::1")},
		in:       serve.NewDatagram(maxMessage), out: serve.NewDatagram(maxMessage),
	}
}

// ask returns the datagram of the reply, which is good until the next one.
func (a *datagrams) ask(t testing.TB, query []byte) []byte {
	a.in.Payload = append(a.in.Room(), query...)
	a.in.Remote = netip.MustParseAddrPort("[2001:db8:9::1]:547")
	if _, refused := a.protocol.Accept(a.in, &a.endpoint, false); refused != 0 {
		t.Fatal(Refusal(refused))
	}
	q, refused := a.protocol.Decode(serve.Arrival{Query: a.in, Endpoint: &a.endpoint})
	clear(a.in.Payload) // it is used again
	if refused != 0 {
		t.Fatal(Refusal(refused))
	}
	if !q.Begin() {
		t.Fatal("dropped")
	}
	if answered, err := q.Ask(context.Background()); !answered {
		t.Fatal("no reply: ", err)
	}
	if _, err := q.Encode(a.out); err != nil {
		t.Fatal(err)
	}
	q.Done()
	return a.out.Payload
}

// The memory of a query is used again for the next. What handlers, gates and
// committers have been given does not change by that.
func TestWhatIsHandedOutMayBeKept(t *testing.T) {
	t.Parallel()
	agents := func(client byte) []*dhcpv6.RelayMessage {
		return []*dhcpv6.RelayMessage{agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte{'p', client}))}
	}
	t.Run("to a handler", func(t *testing.T) {
		t.Parallel()
		var kept []*Query
		a := newDatagrams(HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
			kept = append(kept, q)
			return echo(ctx, q)
		}))
		var want [][]byte
		for client := range byte(20) {
			m := queryOf(solicit, client, na(uint32(client), "2001:db8:1::10 1 2"), fqdn(0, "\x02h"+string('a'+client)), oro(uint16(client))).Message
			want = append(want, through(m, agents(client)...).ToBytes())
			a.ask(t, want[client])
		}
		for client, q := range kept {
			require.Equal(t, want[client], q.Relays[0].ToBytes())
			require.Equal(t, "eth0", q.Interface)
		}
	})
	t.Run("to gate and committer", func(t *testing.T) {
		t.Parallel()
		var asked []lease.Client
		var c committed
		b := newBench(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::/80"}], "store-extended-info": true}]`,
			&EngineOptions{Committer: &c, Gate: gateFunc(func(c lease.Client, _ time.Duration, _ func() string) ([]string, bool) {
				asked = append(asked, c)
				return nil, true
			})})
		a := newDatagrams(b.e)
		for client := range byte(20) {
			for _, typ := range []dhcpv6.MessageType{solicit, request} {
				m := queryOf(typ, client, na(1), na(2), fqdn(0, "\x02h"+string('a'+client)+"\x00")).Message
				a.ask(t, through(m, agents(client)...).ToBytes())
			}
		}
		require.Len(t, asked, 40)
		require.Len(t, c.changes, 40)
		for client := range byte(20) {
			require.Equal(t, lease.Client{ID: duid(client)}, asked[2*client])
			for _, change := range c.changes[2*client : 2*client+2] {
				l := change.Lease
				require.Equal(t, duid(client), l.ClientID)
				require.Equal(t, duid(client)[4:], l.HWAddr)
				require.Equal(t, "h"+string('a'+client)+".", l.Hostname)
				require.Contains(t, string(l.UserContext), "0x0012000270"+string("0123456789ABCDEF"[client/16])+string("0123456789ABCDEF"[client%16]))
			}
		}
	})
	t.Run("by an engine", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, oneSubnet(`, "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}, {"code": 65000, "csv-format": false, "data": "0102"}]`), nil)
		first := b.ask(solicit, 1, na(1), oro(23, 65000))
		before := first.ToBytes()
		b.ask(solicit, 2, na(1), oro(23, 65000), fqdn(0, "\x02me\x00"))
		require.Equal(t, before, first.ToBytes())
		for _, o := range first.Options.Options {
			if g, ok := o.(*dhcpv6.OptionGeneric); ok {
				_ = append(g.OptionData, "overwritten"...)
				require.Equal(t, before, first.ToBytes(), "what is appended to an option is not another's")
			}
		}
	})
}
