package dhcp4

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

// BenchmarkCommitted is a DISCOVER and the REQUEST that follows, each of another
// client, with the durable commit: 64 clients at a time.
func BenchmarkCommitted(b *testing.B) {
	cfg := `"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.1.0.0-10.200.255.255"}],
		"option-data": [{"name": "routers", "data": "10.0.0.1"}, {"name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3"}, {"name": "domain-name", "data": "example.org"}]}]`
	var clients atomic.Uint32
	exchange := func(b *testing.B, e *Engine) {
		n := clients.Add(1)
		hw := binary.BigEndian.AppendUint32([]byte{2, 0}, n)
		mods := []mod{
			func(q *Query) { q.Message.ClientHWAddr = net.HardwareAddr(hw) },
			clientID("\x01" + string(hw)), prl(1, 3, 6, 15, 51, 54, 58, 59), hostname("host"), onInterface("eth0", "10.0.0.1"),
		}
		offer, err := e.ServeDHCP(context.Background(), queryOf(discover, 0, mods...))
		require.NoError(b, err)
		require.NotNil(b, offer)
		q := queryOf(request, 0, mods...)
		q.Message.Options[uint8(dhcpv4.OptionRequestedIPAddress)] = offer.Message.YourIPAddr
		q.Message.Options[optServerID] = offer.Message.Options[optServerID]
		ack, err := e.ServeDHCP(context.Background(), q)
		require.NoError(b, err)
		require.Equal(b, dhcpv4.MessageTypeAck, ack.Message.MessageType())
	}
	e := newBench(b, cfg, nil).e
	b.SetParallelism(64)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			exchange(b, e)
		}
	})
}
