package hatest

import (
	"testing"

	"github.com/dhcpha/dhcpha/ha"
)

// TestFoundByWalks plays scripts that walks have found, and that servers did not
// recover from.
func TestFoundByWalks(t *testing.T) {
	for name, tt := range map[string]struct {
		seed   uint64
		mode   ha.Mode
		alter  func(*ha.Config)
		script string
	}{
		// The survivor stayed in partner-down and its partner in maintenance.
		"maintenance and a restart": {mode: ha.LoadBalancing, script: `
			88s command server1 ha-maintenance-start
			113s poweroff server2
			118s start server2`},
		// What timers went by was set back with the wall clock.
		"a clock set back while a server waits": {mode: ha.HotStandby, script: `
			72s disk server1 full
			108s clock server2 +1h
			109s clients 1
			125s clock server2 +0s`},
		// The primary waited for ever for what its partner had between two
		// restarts.
		"restarted before it could say a word": {
			seed: 1595, mode: ha.HotStandby,
			alter: func(c *ha.Config) {
				c.HeartbeatDelay, c.MaxResponseDelay = new(uint32(10_000)), new(uint32(15_000))
				c.MaxUnackedClients = new(uint32(1))
			},
			script: `
			134s poweroff server1
			135s poweroff server2
			148s start server1
			157s start server2
			161s stop server2
			161s start server2`,
		},
		// Both had served alone, and were in normal operation before the primary
		// had what the standby had given out.
		"the partner is ready, its leases are on their way": {mode: ha.HotStandby, script: `
			0s clients 2
			26s cutboth server1 server2
			39s cut clients server1
			40s clients 10
			42s delay server1 server2 11.82s 12s
			122s joinboth server1 server2
			129.589s delay server1 server2 0s 0s`},
		// The removal had the time of the lease, by a clock that had been set back
		// since: corrected for what the clock is off it was later than all else.
		"a lease is given back after the clock was set back": {seed: 1661, mode: ha.HotStandby, alter: func(c *ha.Config) {
			c.HeartbeatDelay, c.MaxResponseDelay = new(uint32(3000)), new(uint32(4000))
			c.MaxAckDelay, c.MaxUnackedClients = new(uint32(5000)), new(uint32(1))
		}, script: `
			0s clients 7
			96s clock server1 -3m19s
			125s kill server2
			128s cutboth server2 server1
			133s start server2
			138s client 5 release
			140s client 5 return
			148s joinboth server2 server1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rel := Pair(tt.mode, 0)
			if tt.alter != nil {
				tt.alter(rel)
			}
			Replay(t, Config{Seed: tt.seed, Relationships: []*ha.Config{rel}}, tt.script)
		})
	}
}
