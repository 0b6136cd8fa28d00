package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A sample belongs to the innermost stage that called what was at work.
func TestReadSamples(t *testing.T) {
	t.Parallel()
	const text = `failoverd 10 
	           93989 runtime.memmove
	          35868d github.com/dhcpha/dhcpha/lease.encodeChange
	          3b987f github.com/dhcpha/dhcpha/ha.(*receiver).apply.func1

failoverd 11 
	ffffffff822010c9 _raw_spin_unlock
	ffffffff822010c9 __x64_sys_sendmmsg
	          3b987f github.com/dhcpha/dhcpha/internal/serve.(*batchConn).send

failoverd 11 
	           93989 runtime.memmove

Web Content 12 
	           93989 [unknown]

swapper 0 
	ffffffff822010c9 default_idle
`
	c, err := readSamples(strings.NewReader(text), func(comm string, pid int) string {
		names := map[int]string{10: "primary", 11: "standby", 0: "idle"}
		if comm == "Web Content" {
			return "load"
		}
		return names[pid]
	})
	require.NoError(t, err)
	require.Equal(t, costs{
		"leases: package lease":                {"primary": 1},
		"sending datagrams: sendmmsg, sendmsg": {"standby": 1},
		otherStage:                             {"standby": 1, "load": 1, "idle": 1},
	}, c)
	table := c.table(2)
	require.Contains(t, table, "| leases: package lease | 2.0 | 0.0 |\n")
	require.Contains(t, table, "| **all** | **2.0** | **4.0** |\n")
	require.Contains(t, table, "the load takes 2.0 µs, other programs 0.0 µs, and the cores are idle for 2.0 µs")

	_, err = readSamples(strings.NewReader("nonsense\n"), nil)
	require.Error(t, err)
}
