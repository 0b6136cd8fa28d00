package dhcp4

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

func TestLifetime(t *testing.T) {
	t.Parallel()
	const bounds = `"min-valid-lifetime": 600, "valid-lifetime": 3600, "max-valid-lifetime": 7200`
	for _, c := range []struct {
		name, config string
		wish         uint32
		want         uint32
	}{
		{"no wish", bounds, 0, 3600},
		{"a wish within", bounds, 1000, 1000},
		{"too little", bounds, 10, 600},
		{"too much", bounds, 100000, 7200},
		{"for ever", bounds, lease.Infinite, 7200},
		{"for ever allowed", `"valid-lifetime": 3600, "max-valid-lifetime": 4294967295`, lease.Infinite, lease.Infinite},
		{"no bounds", `"valid-lifetime": 3600`, 1000, 3600},
		{"default", `"comment": ""`, 0, 7200},
		{"of a class", bounds + `, "client-classes": [{"name": "none", "test": "member('ALL')"}, {"name": "some", "test": "member('ALL')", "valid-lifetime": 50}]`, 1000, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.config+`, "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10-192.0.2.13"}]}]`, nil)
			mods := []mod{requested("192.0.2.10"), toServer("192.0.2.1")}
			if c.wish > 0 {
				mods = append(mods, lifetimeWish(c.wish))
			}
			ack := b.ask(request, 7, mods...)
			require.Equal(t, c.want, binary.BigEndian.Uint32(ack.Options[optLeaseTime]))
			require.Equal(t, c.want, b.stored("192.0.2.10").ValidLft)
		})
	}
}

// Lease caching: a renewal is only not written where that is configured, the
// lease is the same, and its last commit succeeded.
func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet(), nil)
		renew := func(mods ...mod) uint32 {
			time.Sleep(100 * time.Second)
			ack := b.ask(request, 7, append(mods, ciaddr("192.0.2.10"), unicast)...)
			return binary.BigEndian.Uint32(ack.Options[optLeaseTime])
		}
		require.Equal(t, "192.0.2.10", b.lease(7))
		written := b.store.Revision()
		require.EqualValues(t, 3600, renew())
		require.Equal(t, written+1, b.store.Revision(), "not by default")

		require.NoError(t, b.e.Reload(config(t, oneSubnet(`, "cache-threshold": 0.25`))))
		written = b.store.Revision()
		require.EqualValues(t, 3500, renew())
		require.EqualValues(t, 3400, renew())
		require.Equal(t, written, b.store.Revision())
		require.EqualValues(t, 2, b.stat("subnet[1].v4-lease-reuses"))
		require.EqualValues(t, 3600, renew(hostname("new")), "the lease has changed")
		require.Equal(t, written+1, b.store.Revision())
		time.Sleep(800 * time.Second)
		require.EqualValues(t, 2700, renew(hostname("new")), "a quarter of it has just passed")
		require.EqualValues(t, 3600, renew(hostname("new")))

		doubtful := &doubter{Committer: b.e.core.Committer, doubted: netip.MustParseAddr("192.0.2.10")}
		b.e.core.Committer = doubtful
		require.EqualValues(t, 3600, renew(hostname("new")), "the last commit failed elsewhere")
		doubtful.doubted = netip.Addr{}
		require.EqualValues(t, 3500, renew(hostname("new")))
	})
}

// doubter is a Committer whose last commit of an address has failed in part.
type doubter struct {
	lease.Committer
	doubted netip.Addr
}

func (d *doubter) Confirmed(l lease.Lease) bool { return l.Addr != d.doubted }
