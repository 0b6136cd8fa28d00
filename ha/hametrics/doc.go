// Package hametrics tells Prometheus how a server with high availability is: the
// states of the pair, how far the servers have each other's leases, how full
// pools are, what becomes of queries, and how long each stage of an answer takes.
//
// Metrics is a prometheus.Collector. What is a state is read when somebody asks
// for it; what is an event comes by the hooks of the parts:
//
//	metrics := hametrics.New(hametrics.Options{Leases: store, Pools: engine.Pools})
//	pair, err := ha.New(cfgs, store, &ha.Options{OnCommit: metrics.ObserveCommit})
//	if err != nil {
//		return err
//	}
//	metrics.Watch(pair)
//	registry := prometheus.NewRegistry()
//	registry.MustRegister(metrics)
//	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
//
// All of Options may be left out; what there is nothing to tell of is not
// exported. [List] returns all metrics with their meaning. The dashboard
// grafana.json, beside this text, shows each of them; Grafana imports it as it is
// (Dashboards, New, Import). Health and readiness need none of this: see
// ha.HealthHandler and ha.ReadyHandler.
//
// # A lease is counted once
//
// Both servers of a pair have all leases. dhcpha_pool_leases is so made that its
// sum over a pair is right: each server counts the leases in the scopes that it
// serves. A lease's scope is that of one server, whatever happens: in hot-standby
// always the primary's; in load-balancing that of the server which the lease's
// client belongs to, and the primary's if the lease does not tell (that of a
// declined address). A scope is served by the server whose it is or, if that is
// down, by the other, which then counts for both. So
//
//	sum by (subnet, pool) (dhcpha_pool_leases) / max by (subnet, pool) (dhcpha_pool_size)
//
// is how full a pool is. While nobody serves a scope nobody counts its leases.
// If each server takes the other for dead and both serve a scope, both count:
// dhcpha_ha_scope_served, summed over the pair, is 2 then. dhcpha_leases is what
// a server has on its disk, and is the same on both.
//
// # Guarantees
//
// Metrics never hold up an answer: observing takes no lock that collecting holds
// for long, and collecting reads the store as queries do. Labels take few values:
// names of the configuration, states, types, reasons; nothing that a client
// sends, but for the type of its message.
//
// # Caveats
//
// In load-balancing, while each server serves its own clients, all leases are
// gone through for dhcpha_pool_leases, but only if one has changed since the last
// time. That takes a processor some 0.2 s a million leases; in all other states no
// more than the pools are looked at.
package hametrics
