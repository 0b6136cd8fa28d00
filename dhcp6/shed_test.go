package dhcp6

import (
	"net"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
)

func TestUnwanted(t *testing.T) {
	t.Parallel()
	vm, err := bpf.NewVM(append([]bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegX, Val: 0}}, new(protocol).Unwanted()...))
	require.NoError(t, err)
	refuses := func(payload []byte) bool {
		n, err := vm.Run(append(make([]byte, udpHeader), payload...))
		require.NoError(t, err)
		return n == 0
	}
	// forward has an agent put these options before and behind the message.
	forward := func(b []byte, before int) []byte {
		head := append([]byte{byte(dhcpv6.MessageTypeRelayForward), 0}, make([]byte, 2*net.IPv6len)...)
		for i := range before {
			value := make([]byte, 7*i)
			head = append(append(head, 0, byte(dhcpv6.OptionInterfaceID), 0, byte(len(value))), value...)
		}
		head = append(append(head, 0, byte(dhcpv6.OptionRelayMsg), 0, byte(len(b))), b...)
		return append(head, 0, byte(dhcpv6.OptionInterfaceID), 0, 1, 1)
	}
	for typ := dhcpv6.MessageTypeSolicit; typ <= dhcpv6.MessageTypeInformationRequest; typ++ {
		b := []byte{byte(typ), 1, 2, 3, 0, 1, 0, 4, 0, 3, 0, 1}
		first := new(protocol).ShedFirst(int(typ))
		require.Equal(t, first, refuses(b), typ)
		for before := range 4 {
			require.Equal(t, first, refuses(forward(b, before)), "%v behind %d options", typ, before)
		}
		require.False(t, refuses(forward(b, 4)), "%v is too far behind", typ)
		require.False(t, refuses(forward(forward(b, 0), 0)), "%v is too deep", typ)
	}
}
