package ha

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// FuzzBulkAnswer is what a server may say of what it has been told. No lease is
// taken for acknowledged if the server says of any that it was refused, and not
// of which.
func FuzzBulkAnswer(f *testing.F) {
	for _, args := range []string{
		`{"failed-leases":[{"error-message":"x","ip-address":"fd77::1","result":4,"type":"IA_NA"}]}`,
		`{"failed-deleted-leases":[{"error-message":"lease not found","ip-address":"fd77::2","result":3,"type":"IA_PD"}],"failed-leases":[]}`,
		`{"failed-leases":[{"error-message":"x","duid":"010203","result":1,"type":"IA_NA"}]}`,
		`{"failed-leases":[{"ip-address":"fd77::1","result":1,"type":"IA_NA"},{"ip-address":7}]}`, `[]`, `null`, `{}`,
	} {
		f.Add([]byte(args))
	}
	batch := []lease.Change{
		{Lease: lease.Lease{Type: lease.NA, Addr: netip.MustParseAddr("fd77::1")}},
		{Lease: lease.Lease{Type: lease.PD, Addr: netip.MustParseAddr("fd77::2")}, Delete: true},
		{Lease: lease.Lease{Type: lease.NA, Addr: netip.MustParseAddr("fd77::2")}},
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		if !json.Valid(args) {
			return
		}
		failed := bulkFailures(&ctrl.Reply{Arguments: args}, batch)
		for k, err := range failed {
			require.Error(t, err)
			require.True(t, k == batch[0].Lease.Key() || k == batch[1].Lease.Key() || k == batch[2].Lease.Key())
		}
		var said struct {
			Leases  []map[string]any `json:"failed-leases"`
			Deleted []map[string]any `json:"failed-deleted-leases"`
		}
		if json.Unmarshal(args, &said) != nil {
			require.Len(t, failed, len(batch), "%s", args)
			return
		}
		for _, one := range append(said.Leases, said.Deleted...) {
			if code, ok := one["result"].(float64); ok && code != ctrl.Success && code != ctrl.Empty {
				require.NotEmpty(t, failed, "%s", args)
			}
		}
	})
}

// FuzzEndpoint: a URL is refused, or the commands go where it says.
func FuzzEndpoint(f *testing.F) {
	for _, text := range []string{
		"http://192.0.2.1:8000/", "https://server2", "HTTP://Server2.example.org.:80/path?query", "http://[2001:db8::1]:8000/", "http://[fe80::1%25eth0]/", "http://a_b:65535",
		"http://user:password@host/", "http://1.2.3/", "http://host:", "http://:80", "ftp://host", "http://host:0", "http://::1:80",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := (&Peer{URL: text}).endpoint()
		if err != nil {
			return
		}
		again, err := (&Peer{URL: e.String()}).endpoint()
		require.NoError(t, err)
		require.Equal(t, e, again)
		u, err := url.Parse(e.String())
		require.NoError(t, err)
		require.Equal(t, e.host, u.Hostname())
		require.Equal(t, fmt.Sprint(e.port), u.Port())
		require.Equal(t, "/", u.Path)
		require.Nil(t, u.User)
	})
}

// FuzzKeaVersion: a version that is understood is that version.
func FuzzKeaVersion(f *testing.F) {
	for _, text := range []string{"2.2.0", "2.7.5-git", "3.1", "x", "", "-1.2.3", "99999999999999999999.0.0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := parseKeaVersion(text)
		if !ok {
			return
		}
		again, ok := parseKeaVersion(fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]))
		require.True(t, ok)
		require.Equal(t, v, again)
		require.Zero(t, v.compare(again))
	})
}
