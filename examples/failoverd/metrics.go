package main

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hametrics"
	"github.com/dhcpha/dhcpha/lease"
)

// collections is how many may collect the metrics at a time.
const collections = 4

// newMetrics returns the metrics of the server, whose parts need not be there
// before they are asked for.
func (d *daemon[C]) newMetrics() *hametrics.Metrics {
	return hametrics.New(hametrics.Options{
		Leases: d.store,
		Pools:  func() []*lease.Pool { return d.service.Pools() },
		Server: func() hametrics.ServerCounters { return d.service.counters() },
	})
}

// monitoring is what is served for programs that watch the server, beside the
// page for people.
func (d *daemon[C]) monitoring(metrics *hametrics.Metrics, page http.Handler) http.Handler {
	var status func() ha.Status
	if d.ha != nil {
		metrics.Watch(d.ha)
		status = d.ha.Status
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: collections}))
	mux.Handle("/healthz", ha.HealthHandler(status))
	mux.Handle("/readyz", ha.ReadyHandler(status, d.service.notReady))
	mux.Handle("/", page)
	return mux
}

// Status is that of the Service that runs now.
func (f *failover) Status() ha.Status { return f.service.Load().Status() }

// Scope makes failover, with Status, what metrics are read from.
func (f *failover) Scope(l lease.Lease) string { return f.service.Load().Scope(l) }

var _ hametrics.HA = (*failover)(nil)

// outcomes are what a server of either family counts.
type outcomes struct {
	shed, silent, failed, panicked, unsent, overflowed uint64
}

// drops are queries and replies that came to nothing, by reason.
func drops[R interface {
	comparable
	fmt.Stringer
}](refused map[R]uint64, o outcomes) map[string]uint64 {
	by := map[string]uint64{
		"too many in flight": o.shed, "not answered": o.silent, "failed": o.failed, "panicked": o.panicked,
		"reply not sent": o.unsent, "socket full": o.overflowed,
	}
	for reason, n := range refused {
		by[reason.String()] += n
	}
	return by
}

// byType are counts by the names of message types; 0 is of those that the server
// does not know.
func byType[T interface {
	~uint8
	fmt.Stringer
}](counts map[T]uint64) map[string]uint64 {
	by := map[string]uint64{}
	for typ, n := range counts {
		by[typeName(typ)] += n
	}
	return by
}

// typeName is the name of a message type.
func typeName[T interface {
	~uint8
	fmt.Stringer
}](typ T) string {
	if typ == 0 {
		return "unknown"
	}
	return typ.String()
}
