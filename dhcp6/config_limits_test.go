package dhcp6_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp6"
)

// What is wrong with limits is told of once, at the level where it is.
func TestLimitsAreChecked(t *testing.T) {
	t.Parallel()
	stored := `"store-extended-info": true, `
	for _, c := range []struct{ config, problem string }{
		{inSubnet(`"user-context": {"limits": {"port-prefix-limit": 1}}`), `subnet6[0].user-context.limits: needs "store-extended-info": true here`},
		{network(`"user-context": {"limits": {"relay-prefix-limit": 1}}, `, "", ""), `shared-networks[0].user-context.limits: needs "store-extended-info": true here`},
		{global(`"user-context": {"limits": {"port-prefix-limit": 1}}`), `user-context.limits: needs "store-extended-info": true here`},
		{inSubnet(stored + `"user-context": {"limits": {"port-prefix-limit": 1.5}}`), `limits.port-prefix-limit: must be an integer, 0 to 4294967295, not 1.5`},
		{inSubnet(stored + `"user-context": {"limits": {"prefix-limit": 1}}`), `limits.prefix-limit: is not supported: what is limited is what clients behind a port or a relay agent have; remove it, or write port-prefix-limit or relay-prefix-limit`},
		{prefixes(`"prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56, "user-context": {"limits": {"port-prefix-limit": 1}}`), `pd-pools[0].user-context.limits.port-prefix-limit: cannot be given here`},
		{inSubnet(`"pools": [{"pool": "2001:db8:1::/80", "user-context": {"limits": {"port-prefix-limit": 1}}}]`), `pools[0].user-context.limits.port-prefix-limit: cannot be given here`},
		{global(`"client-classes": [{"name": "a", "user-context": {"limits": {"rate-limit": "0 packets per day"}}}]`), `client-classes[0].user-context.limits.rate-limit: is not supported`},
	} {
		_, err := dhcp6.ParseConfig(strings.NewReader(c.config), nil)
		require.Error(t, err, c.config)
		require.Contains(t, err.Error(), c.problem)
		require.Equal(t, 1, strings.Count(err.Error(), "\n")+1, "%v", err)
	}
}
