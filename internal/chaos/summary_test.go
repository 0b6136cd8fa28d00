package main

import (
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/rig"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	twice := map[netip.Addr]bool{netip.MustParseAddr("192.0.2.1"): true}
	outcomes := []*outcome{
		{family: family{name: "DHCPv4"}, name: "a / b", windows: []*window{
			{longest: 3 * time.Second, checked: 1500, late: [2]int{1, 2}, twice: twice},
			{longest: time.Second, checked: 500, lost: [2]int{4, 5}},
		}},
		{family: family{name: "DHCPv6"}, name: "c / d"},
	}
	require.Equal(t, `| pair | leases looked for | late | lost | given twice | a client waited at most |
|---|---:|---:|---:|---:|---:|
| a / b, DHCPv4 | 2,000 | 3 | 9 | 1 | 3.0 s |
| c / d, DHCPv6 | 0 | 0 | 0 | 0 | – |
`, summary(outcomes))
}

// What the README says is of the same run as docs/reliability.md.
func TestReadmeIsOfTheSameRun(t *testing.T) {
	t.Parallel()
	all, few := rig.ReadMarked([]string{"../../docs/reliability.md"}, "chaos"), rig.ReadMarked([]string{"../../README.md"}, "chaos summary")
	rows := regexp.MustCompile(`(?m)^\| (\S+ / \S+), DHCPv[46] (\| [0-9,]+ \| \d+ \| \d+) \| (\d+) \| (\d+\.\d s) \|$`).FindAllStringSubmatch(few, -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		require.Regexp(t, `(?m)^\| `+row[1]+` \| \d+ `+regexp.QuoteMeta(row[2])+` \| \d+ \| `+row[3]+` \|`, all)
		require.Contains(t, all, " "+row[4]+" ")
	}
}
