package dhcp4

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// committed keeps what it is given, as a committer may.
type committed struct{ changes []lease.Change }

func (c *committed) Commit(_ context.Context, changes ...lease.Change) error {
	c.changes = append(c.changes, changes...)
	return nil
}

// The memory of a query is used again for the next. What handlers, gates and
// committers have been given does not change by that.
func TestWhatIsHandedOutMayBeKept(t *testing.T) {
	t.Parallel()
	anybody := netip.MustParseAddrPort(anyClient)
	t.Run("to a handler", func(t *testing.T) {
		t.Parallel()
		var kept []*Query
		w := newWire(HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
			kept = append(kept, q)
			return echo(ctx, q)
		}))
		var want [][]byte
		for client := range byte(20) {
			q := queryOf(discover, client, clientID("\x01"+string(client)), hostname("host-"+string('a'+client)), relay("10.0.0.9"))
			q.Message.ServerHostName, q.Message.BootFileName = "server-"+string('a'+client), "file-"+string('a'+client)
			want = append(want, q.Message.ToBytes())
			w.ask(t, want[client], anybody, false)
		}
		for client, q := range kept {
			require.Equal(t, want[client], q.Message.ToBytes())
			require.Equal(t, "eth0", q.Interface)
		}
	})
	t.Run("to gate and committer", func(t *testing.T) {
		t.Parallel()
		var asked []lease.Client
		var c committed
		b := newBench(t, `"subnet4": [{"id": 1, "subnet": "10.0.0.0/24", "pools": [{"pool": "10.0.0.10-10.0.0.99"}], "store-extended-info": true}]`,
			&EngineOptions{Committer: &c, Gate: gateFunc(func(c lease.Client, _ time.Duration, _ func() string) ([]string, bool) {
				asked = append(asked, c)
				return nil, true
			})})
		w := newWire(b.e)
		for client := range byte(20) {
			for _, typ := range []dhcpv4.MessageType{discover, request} {
				q := queryOf(typ, client, clientID("\x01"+string(client)), hostname("host-"+string('a'+client)), opt(optRelayInfo, 1, 1, 'a'+client))
				if typ == request {
					opt(optRequestedAddr, 10, 0, 0, 10+client)(q)
					toServer("10.0.0.1")(q)
				}
				w.ask(t, q.Message.ToBytes(), anybody, false)
			}
		}
		require.Len(t, asked, 40)
		require.Len(t, c.changes, 20)
		for client := range byte(20) {
			hw, id := []byte{2, 0, 0, 0, 0, client}, append([]byte{1}, string(client)...)
			require.Equal(t, lease.Client{HWAddr: hw, ID: id}, asked[2*client])
			l := c.changes[client].Lease
			require.Equal(t, hw, l.HWAddr)
			require.Equal(t, id, l.ClientID)
			require.Equal(t, "host-"+string('a'+client), l.Hostname)
			require.Contains(t, string(l.UserContext), string("0123456789ABCDEF"[(int('a')+int(client))%16]))
		}
	})
	t.Run("by an engine", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, oneSubnet(), nil)
		first := b.ask(discover, 1, clientID("\x01first"), hostname("first"))
		before := first.ToBytes()
		b.ask(discover, 2, clientID("\x01second"), hostname("second"))
		require.Equal(t, before, first.ToBytes())
		for code, value := range first.Options {
			_ = append(value, "overwritten"...)
			require.Equal(t, before, first.ToBytes(), "what is appended to option %d is not another's", code)
		}
	})
}
