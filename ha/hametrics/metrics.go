package hametrics

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// Options are what there is to tell of. What is not set is not exported.
type Options struct {
	// HA is the high availability: an *ha.Service, or what stands for the one
	// that runs now. Metrics.Watch sets it later.
	HA HA

	// Leases is the store.
	Leases *lease.Store

	// Pools returns the pools of the allocator that works on that store:
	// Allocator.Pools, or the method Pools of an engine. It is called for each
	// collection, so pools may come and go.
	Pools func() []*lease.Pool

	// Server returns what became of queries so far.
	Server func() ServerCounters
}

// HA is what the metrics of high availability are read from. *ha.Service is one.
// Its methods are called by many goroutines at the same time.
type HA interface {
	Status() ha.Status
	Scope(lease.Lease) string
}

// Metrics exports how a server is. All methods may be called by many goroutines
// at the same time.
type Metrics struct {
	opts  Options
	ha    atomic.Pointer[HA]
	descs map[string]*prometheus.Desc // by the name of the metric
	usage usage
	events
}

var _ prometheus.Collector = (*Metrics)(nil)

// New returns the metrics of a server. They are exported once they are
// registered with a prometheus.Registerer. A program has one for each server
// that it runs; two are told apart by a label that prometheus.WrapRegistererWith
// adds.
func New(opts Options) *Metrics {
	m := &Metrics{opts: opts, descs: map[string]*prometheus.Desc{}}
	for _, metric := range slices.Concat(relationshipMetrics, serviceMetrics, leaseMetrics, serverMetrics) {
		m.descs[metric.Name] = prometheus.NewDesc(metric.Name, metric.Help, metric.Labels, nil)
	}
	if opts.HA != nil {
		m.Watch(opts.HA)
	}
	m.events.init()
	return m
}

// Watch makes h the high availability that is told of from now on: a Service is
// made with the metrics' ObserveCommit among its options, so it comes later.
func (m *Metrics) Watch(h HA) { m.ha.Store(&h) }

// Describe makes Metrics, with Collect, a prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range m.descs {
		ch <- desc
	}
	for _, c := range m.collectors() {
		c.Describe(ch)
	}
}

// Collect makes Metrics, with Describe, a prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	s := sink{m.descs, ch}
	var status *ha.Status
	if h := m.ha.Load(); h != nil {
		st := (*h).Status()
		status = &st
		s.service(status)
		for i := range status.Relationships {
			s.relationship(&status.Relationships[i])
		}
	}
	if m.opts.Leases != nil {
		s.leases(m.opts.Leases)
		if m.opts.Pools != nil {
			pools := m.opts.Pools()
			s.pools(pools, m.usage.of(pools, m.opts.Leases, status, m.scope))
		}
	}
	if m.opts.Server != nil {
		s.server(m.opts.Server())
	}
	for _, c := range m.collectors() {
		c.Collect(ch)
	}
}

// scope is that of a lease, if there is high availability.
func (m *Metrics) scope(l lease.Lease) string { return (*m.ha.Load()).Scope(l) }

// sink takes metrics.
type sink struct {
	descs map[string]*prometheus.Desc
	ch    chan<- prometheus.Metric
}

// put exports a value of a metric that is no histogram. Labels that are not
// UTF-8 would spoil the whole collection.
func (s sink) put(m *Metric, v float64, labels ...string) {
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
	}
	typ := prometheus.GaugeValue
	if m.Type == Counter {
		typ = prometheus.CounterValue
	}
	s.ch <- prometheus.MustNewConstMetric(s.descs[m.Name], typ, v, labels...)
}

// is exports whether something is so, as 1 or 0.
func (s sink) is(m *Metric, so bool, labels ...string) {
	v := 0.0
	if so {
		v = 1
	}
	s.put(m, v, labels...)
}
