package hametrics

import "slices"

// Type is what a metric is to Prometheus.
type Type uint8

// The types.
const (
	Gauge     Type = iota + 1 // goes up and down
	Counter                   // only grows, from 0 at the start of the program
	Histogram                 // counts observations by their size
)

// String returns Prometheus' name of the type.
func (t Type) String() string {
	if int(t) >= len(typeNames) {
		return "untyped"
	}
	return typeNames[t]
}

var typeNames = [...]string{"untyped", Gauge: "gauge", Counter: "counter", Histogram: "histogram"}

// Metric is a metric that is exported.
type Metric struct {
	Name   string
	Type   Type
	Labels []string
	Help   string // what it means, with the unit
}

// List returns all metrics that Metrics exports, in an order for people.
func List() []Metric {
	return slices.Concat(relationshipMetrics, serviceMetrics, leaseMetrics, serverMetrics, latencyMetrics)
}
