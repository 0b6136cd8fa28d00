package hastatus

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

func addrsOf(leases []lease.Lease) (addrs []string) {
	for _, l := range leases {
		addrs = append(addrs, l.Addr.String())
	}
	return addrs
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := newScene(t, pair())
	s.add(t, crowd()...)
	for text, want := range map[string][]string{
		"192.0.2.12":         {"192.0.2.12"},
		" 192.0.2.250 ":      nil,
		"192.0.2.12/31":      {"192.0.2.12", "192.0.2.13"},
		"203.0.113.":         {"203.0.113.16", "203.0.113.17", "203.0.113.18"},
		"203.":               {"203.0.113.16", "203.0.113.17", "203.0.113.18"},
		"02:00:00:00:00:07":  {"192.0.2.17"},
		"02-00-00-00-00-07":  {"192.0.2.17"},
		"0102:0000.0000.07":  {"192.0.2.17"}, // the client identifier, however it is divided
		"00:00:00:c9":        {"203.0.113.17"},
		"LAPTOP-1.example.o": {"192.0.2.11"},
		"camera-30":          {"198.51.100.40"},
		"nobody":             nil,
		"2001:db8::/32":      nil,
	} {
		f, err := s.search.find(context.Background(), text, netip.Addr{})
		require.NoError(t, err)
		require.Equal(t, want, addrsOf(f.Leases), text)
		require.False(t, f.Next.IsValid(), text)
	}
	f, err := s.search.find(context.Background(), "camera-3", netip.Addr{})
	require.NoError(t, err)
	require.Len(t, f.Leases, 1, "what is a whole name is it")
}

// Each lease is shown once, page by page.
func TestSearchPages(t *testing.T) {
	t.Parallel()
	s := newScene(t, pair())
	s.add(t, crowd()...)
	for text, want := range map[string]int{"": 105, "192.0.2.0/24": 71, "example": 70} {
		seen := map[string]bool{}
		pages := 0
		for after := (netip.Addr{}); ; pages++ {
			f, err := s.search.find(context.Background(), text, after)
			require.NoError(t, err)
			require.LessOrEqual(t, len(f.Leases), pageSize)
			for _, l := range f.Leases {
				require.False(t, seen[l.Addr.String()], l.Addr)
				seen[l.Addr.String()] = true
			}
			if after = f.Next; !after.IsValid() {
				break
			}
		}
		require.Len(t, seen, want, text)
		require.Equal(t, (want-1)/pageSize, pages, text)
	}
}

// A search looks at so many leases, then says where to go on. Who has gone does
// not wait for a turn.
func TestSearchIsBounded(t *testing.T) {
	t.Parallel()
	s := newScene(t, pair())
	var changes []lease.Change
	addr := netip.MustParseAddr("10.0.0.1")
	for n := range maxLooked + 500 {
		l := leaseOf(addr.String(), 1, "")
		l.HWAddr, l.ClientID = nil, fmt.Appendf(nil, "%d", n)
		changes, addr = append(changes, lease.Change{Lease: l}), addr.Next()
	}
	require.NoError(t, s.store.Commit(context.Background(), changes...))
	f, err := s.search.find(context.Background(), "nobody", netip.Addr{})
	require.NoError(t, err)
	require.Empty(t, f.Leases)
	require.Equal(t, maxLooked, f.Looked)
	f, err = s.search.find(context.Background(), "nobody", f.Next)
	require.NoError(t, err)
	require.Equal(t, 500, f.Looked)
	require.False(t, f.Next.IsValid())

	for range maxSearches {
		s.search.turns <- struct{}{}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = s.search.find(gone, "nobody", netip.Addr{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestSearch6(t *testing.T) {
	t.Parallel()
	s := newScene(t, pair())
	search := newSearch(s.store, ctrl.V6)
	duid := []byte{0, 1, 0, 1, 9, 9}
	s.add(t,
		lease.Lease{Type: lease.NA, Addr: netip.MustParseAddr("2001:db8::7"), SubnetID: 1, ClientID: duid, IAID: 1, CLTT: night.Unix(), ValidLft: 100, PreferredLft: 50},
		lease.Lease{Type: lease.PD, Addr: netip.MustParseAddr("2001:db8:1::"), PrefixLen: 48, SubnetID: 1, ClientID: duid, IAID: 1, CLTT: night.Unix(), ValidLft: 100, PreferredLft: 50})
	for text, want := range map[string][]string{
		"":                  {"2001:db8::7", "2001:db8:1::"},
		"2001:db8::7":       {"2001:db8::7"},
		"2001:db8:1:5::1":   {"2001:db8:1::"}, // it is a part of the prefix
		"2001:db8::/64":     {"2001:db8::7"},
		"00:01:00:01:09:09": {"2001:db8::7", "2001:db8:1::"},
	} {
		f, err := search.find(context.Background(), text, netip.Addr{})
		require.NoError(t, err)
		require.Equal(t, want, addrsOf(f.Leases), text)
	}
	require.Equal(t, "2001:db8:1::/48", rowOf(&lease.Lease{Type: lease.PD, Addr: netip.MustParseAddr("2001:db8:1::"), PrefixLen: 48}, night).Addr)
}

// An address and a prefix that begins with it come together, so that neither is
// between two pages.
func TestSearchPageEndsInAPrefix(t *testing.T) {
	t.Parallel()
	s := newScene(t, pair())
	addr := netip.MustParseAddr("2001:db8::1")
	l := lease.Lease{Type: lease.NA, SubnetID: 1, ClientID: []byte{1}, CLTT: night.Unix(), ValidLft: 100}
	for range pageSize + 1 {
		l.Addr = addr
		s.add(t, l)
		addr = addr.Next()
	}
	l.Type, l.PrefixLen, l.Addr = lease.PD, 128, addr.Prev().Prev() // that of the last on the page
	s.add(t, l)
	search := newSearch(s.store, ctrl.V6)
	f, err := search.find(context.Background(), "", netip.Addr{})
	require.NoError(t, err)
	require.Len(t, f.Leases, pageSize+1)
	f, err = search.find(context.Background(), "", f.Next)
	require.NoError(t, err)
	require.Equal(t, []string{addr.Prev().String()}, addrsOf(f.Leases))
}
