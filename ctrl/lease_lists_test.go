package ctrl

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// A list is written as the JSON library would write it.
func TestLeaseListAppendJSON(t *testing.T) {
	t.Parallel()
	first, second := keaLease(), keaLease()
	first.Hostname, first.UserContext = "a\"\\\x01\xff", []byte(`{"a":["ä"]}`)
	second.Addr = second.Addr.Next()
	for _, list := range []*LeaseList{
		{Leases: []lease.Lease{}},
		{Leases: []lease.Lease{*first}},
		{Count: new(2), Leases: []lease.Lease{*first, *second}},
		{Count: new(0), Leases: []lease.Lease{}},
	} {
		want, err := json.Marshal(list)
		require.NoError(t, err)
		got, err := list.AppendJSON(nil)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
		_, err = Response{Arguments: list}.appendTo(nil)
		require.NoError(t, err)
	}
	nobody := &LeaseList{Leases: []lease.Lease{{}}}
	_, err := nobody.AppendJSON(nil)
	require.Error(t, err)
	require.Equal(t, 500, success(Response{Arguments: nobody}).status)
}
