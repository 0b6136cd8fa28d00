package dhcp4

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// As in the lease file that a Kea server wrote.
func TestStoreExtendedInfo(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "store-extended-info": true`), nil)
	info := []byte("\x01\x06port-7\x02\x05rem-1")
	addr := b.lease(4, opt(optRelayInfo, info...), relay("192.0.2.254"))
	const want = `{ "ISC": { "relay-agent-info": "0x0106706F72742D37020572656D2D31" } }`
	require.Equal(t, want, string(b.stored(addr).UserContext))
	require.Equal(t, "ACK "+addr, short(b.ask(request, 4, ciaddr(addr), unicast)))
	require.Equal(t, want, string(b.stored(addr).UserContext), "a renewal without keeps it")
	require.Equal(t, "ACK "+addr, short(b.ask(request, 4, ciaddr(addr), relay("192.0.2.254"), opt(optRelayInfo, 1, 1, 'x'))))
	require.JSONEq(t, `{"ISC": {"relay-agent-info": "0x010178"}}`, string(b.stored(addr).UserContext))
}
