package hatest

import (
	"fmt"
	"slices"
	"testing/synctest"
	"time"

	"github.com/dhcpha/dhcpha/ha"
)

// Settle waits until all servers are in normal operation and have the same
// leases, but for what has changed in the last three seconds, and then looks for
// everything that clients were ever told of, unless it has ended, on each of
// them. If that takes too long the test has failed and ends. All nodes have to
// run, and to reach each other.
func (w *World) Settle(within time.Duration) {
	for began := time.Now(); ; time.Sleep(look) {
		synctest.Wait()
		why := w.unsettled()
		if why == "" {
			break
		}
		if time.Since(began) >= within {
			w.Fatalf("not settled within %v: %s", within, why)
		}
	}
	w.trace.add("", "all is settled")
	w.oracle.kept(true)
}

// unsettled says what keeps the world from being settled; empty: nothing.
func (w *World) unsettled() string {
	for _, n := range w.nodes {
		for _, cfg := range n.cfgs {
			if s := n.stateIn(cfg); s != normalState(cfg) {
				return fmt.Sprintf("%s is in %q", cfg.ThisServerName, s.String())
			}
		}
	}
	return w.oracle.difference()
}

// normalState is the state of the server in normal operation.
func normalState(cfg *ha.Config) ha.State {
	i := slices.IndexFunc(cfg.Peers, func(p ha.Peer) bool { return p.Name == cfg.ThisServerName })
	switch {
	case cfg.Peers[i].Role == ha.Backup:
		return ha.StateBackup
	case cfg.Mode == ha.LoadBalancing:
		return ha.StateLoadBalancing
	case cfg.Mode == ha.PassiveBackup:
		return ha.StatePassiveBackup
	default:
		return ha.StateHotStandby
	}
}
