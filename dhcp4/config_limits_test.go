package dhcp4_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/lease"
)

// What is wrong with limits is told of once, at the level where it is.
func TestLimitsAreChecked(t *testing.T) {
	t.Parallel()
	stored := `"store-extended-info": true, `
	for _, c := range []struct{ config, problem string }{
		{inSubnet(stored + `"user-context": {"limits": 5}`), `subnet4[0].user-context.limits: must be an object`},
		{inSubnet(stored + `"user-context": {"limits": null}`), `subnet4[0].user-context.limits: must be an object`},
		{inSubnet(stored + `"user-context": {"limits": {"port-address-limit": "5"}}`), `subnet4[0].user-context.limits.port-address-limit: must be an integer, 0 to 4294967295, not "5"`},
		{inSubnet(stored + `"user-context": {"limits": {"port-address-limit": -1}}`), `must be an integer, 0 to 4294967295, not -1`},
		{inSubnet(stored + `"user-context": {"limits": {"port-address-limit": null}}`), `must be an integer, 0 to 4294967295, not null`},
		{inSubnet(stored + `"user-context": {"limits": {"relay-address-limit": 4294967296}}`), `must be an integer, 0 to 4294967295, not 4294967296`},
		{inSubnet(stored + `"user-context": {"limits": {"port-prefix-limit": 1}}`), `limits.port-prefix-limit: there are no prefixes in DHCPv4; remove it`},
		{inSubnet(stored + `"user-context": {"limits": {"port-adress-limit": 1}}`), `limits.port-adress-limit: unknown key`},
		{inSubnet(stored + `"user-context": {"limits": {"rate-limit": "1 packet per second"}}`), `limits.rate-limit: is not supported: what is limited is what clients behind a port or a relay agent have; remove it, or write port-address-limit or relay-address-limit`},
		{inSubnet(`"user-context": {"limits": {"port-address-limit": 1}}`), `subnet4[0].user-context.limits: needs "store-extended-info": true here`},
		{global(`"user-context": {"limits": {"port-address-limit": 1}}`), `user-context.limits: needs "store-extended-info": true here`},
		{network(`"store-extended-info": false, "user-context": {"limits": {"port-address-limit": 1}}, `, "", ""), `shared-networks[0].user-context.limits: needs "store-extended-info": true here`},
		{global(stored + `"user-context": {"limits": {"port-address-limit": 1}}, "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "store-extended-info": false}]`), `subnet4[0].user-context.limits: needs "store-extended-info": true here`},
		{inSubnet(stored + `"pools": [{"pool": "192.0.2.0/25", "user-context": {"limits": {"port-address-limit": 1}}}]`), `pools[0].user-context.limits.port-address-limit: cannot be given here, only globally`},
		{global(`"client-classes": [{"name": "a", "user-context": {"limits": {"port-address-limit": 1}}}]`), `client-classes[0].user-context.limits.port-address-limit: cannot be given here, only globally`},
		{global(`"client-classes": [{"name": "a", "user-context": {"limits": {"address-limit": 1}}}]`), `client-classes[0].user-context.limits.address-limit: is not supported`},
	} {
		_, err := dhcp4.ParseConfig(strings.NewReader(c.config), nil)
		require.Error(t, err, c.config)
		require.Contains(t, err.Error(), c.problem)
		require.Equal(t, 1, strings.Count(err.Error(), "\n")+1, "%v", err)
	}
	// What is left out is not there for the engine either, and all else is.
	cfg, err := dhcp4.ParseConfig(strings.NewReader(inSubnet(stored+`"user-context": {"floor": 2, "limits": {"rate-limit": "1 packet per second", "port-address-limit": 3}}`)),
		&dhcp4.ParseOptions{AllowUnsupported: true})
	require.NoError(t, err)
	require.JSONEq(t, `{"floor": 2, "limits": {"port-address-limit": 3}}`, string(cfg.Subnets[0].UserContext))
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	defer store.Close()
	engine, err := dhcp4.NewEngine(cfg, store, nil)
	require.NoError(t, err)
	engine.Close()
}
