package dhcp6

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// RFC 9915, section 13.1: a server MUST NOT assign what is reserved for anycast,
// be it because a pool has it or because a client wishes for it.
func TestAnycastAddressesAreNotAssigned(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [{"pool": "2001:db8:1::/64"}],
		"reservations": [{"duid": "00:03:00:01:02:00:00:00:00:05", "ip-addresses": ["2001:db8:1:0:fdff:ffff:ffff:fffe"]}]}]`, nil)
	require.Equal(t, "REPLY NA1[2001:db8:1::1]", short(b.ask(request, 1, na(1))), "the first address is that of the routers")
	require.Equal(t, "REPLY NA1[2001:db8:1::2]", short(b.ask(request, 2, na(1, "2001:db8:1::"))))
	require.Equal(t, "REPLY NA1[2001:db8:1::3]", short(b.ask(request, 3, na(1, "2001:db8:1:0:fdff:ffff:ffff:ff80"))))
	require.Equal(t, "REPLY NA1[2001:db8:1:0:fdff:ffff:ffff:ff7f]", short(b.ask(request, 4, na(1, "2001:db8:1:0:fdff:ffff:ffff:ff7f"))))
	require.Equal(t, "REPLY NA1[2001:db8:1:0:fdff:ffff:ffff:fffe]", short(b.ask(request, 5, na(1))), "it is reserved for the client")

	b = newBench(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [{"pool": "2001:db8:1::/64"}]}]`, nil)
	b.put(of(1, 1, "2001:db8:1::"))
	require.Equal(t, "REPLY NA1[2001:db8:1::]", short(b.ask(renew, 1, na(1, "2001:db8:1::"))), "a partner has given it")

	b = newBench(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1:0:8000::/112", "interface": "eth0", "pools": [{"pool": "2001:db8:1:0:8000::-2001:db8:1:0:8000::1"}]}]`, nil)
	require.Equal(t, "REPLY NA1[2001:db8:1:0:8000::1]", short(b.ask(request, 1, na(1, "2001:db8:1:0:8000::"))))
	require.Equal(t, "REPLY NA1[NoAddrsAvail]", short(b.ask(request, 2, na(1))))

	b = newBench(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/127", "interface": "eth0", "pools": [{"pool": "2001:db8:1::/127"}]}]`, nil)
	require.Equal(t, "REPLY NA1[2001:db8:1::]", short(b.ask(request, 1, na(1, "2001:db8:1::"))), "both ends of a link")
	require.Equal(t, "REPLY NA1[2001:db8:1::1]", short(b.ask(request, 2, na(1))))
}
