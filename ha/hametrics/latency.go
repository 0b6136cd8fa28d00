package hametrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dhcpha/dhcpha/ha"
)

var (
	exchanges = Metric{"dhcpha_exchanges_total", Counter, []string{"type", "outcome"},
		"Queries that have come to an end, by type of message and outcome."}
	exchangeSeconds = Metric{"dhcpha_exchange_seconds", Histogram, []string{"type", "stage"},
		"Seconds that an exchange took, by type of message and stage: queue (from being read to being looked at), answer (until there is a reply, its lease being safe), send (until that has left), and total, of the ones that a reply has left for."}
	commits = Metric{"dhcpha_commits_total", Counter, []string{"result"},
		"Commits of lease changes for clients, by result: ok, or failed, which no client was told of."}
	commitChanges = Metric{"dhcpha_commit_changes_total", Counter, nil,
		"Lease changes in those commits."}
	commitSeconds = Metric{"dhcpha_commit_seconds", Histogram, []string{"stage"},
		"Seconds that a commit took, by stage: disk (until the changes were durable here, or could not be), and partner (how much longer until the servers that had to confirm them had, which are told at the same time; only if one had to)."}
)

var latencyMetrics = []Metric{exchanges, exchangeSeconds, commits, commitChanges, commitSeconds}

// Exchange is what became of a query, and when. An instant is zero if the query
// did not come so far.
type Exchange struct {
	Type    string // of the query's message, such as DISCOVER: few, and by name
	Outcome string // such as sent: few, and by name

	Received time.Time // when it was read from the socket
	Begun    time.Time // when answering it began
	Answered time.Time // when there was a reply
	Sent     time.Time // when that had left
}

// events are the metrics of what is observed as it happens.
type events struct {
	exchanges       *prometheus.CounterVec
	exchangeSeconds *prometheus.HistogramVec
	commits         *prometheus.CounterVec
	commitChanges   prometheus.Counter
	commitSeconds   *prometheus.HistogramVec
}

// buckets are the bounds of histograms, in seconds: from what memory takes, over
// what disks and networks take, to the patience of clients.
func buckets() []float64 {
	return []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

func (e *events) init() {
	counter := func(m *Metric) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
	}
	histogram := func(m *Metric) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help, Buckets: buckets()}, m.Labels)
	}
	e.exchanges, e.commits, e.commitChanges = counter(&exchanges), counter(&commits), counter(&commitChanges).WithLabelValues()
	e.exchangeSeconds, e.commitSeconds = histogram(&exchangeSeconds), histogram(&commitSeconds)
}

func (e *events) collectors() []prometheus.Collector {
	return []prometheus.Collector{e.exchanges, e.exchangeSeconds, e.commits, e.commitChanges, e.commitSeconds}
}

// ObserveExchange counts a query, and how long each stage of it took. It is what
// the Observe of a dhcp4.Server or dhcp6.Server calls:
//
//	server.Observe = func(x dhcp4.Exchange) {
//		metrics.ObserveExchange(hametrics.Exchange{
//			Type: x.Type.String(), Outcome: x.Outcome.String(),
//			Received: x.Received, Begun: x.Begun, Answered: x.Answered, Sent: x.Sent,
//		})
//	}
func (m *Metrics) ObserveExchange(x Exchange) {
	typ := strings.ToValidUTF8(x.Type, "\uFFFD")
	m.exchanges.WithLabelValues(typ, strings.ToValidUTF8(x.Outcome, "\uFFFD")).Inc()
	for _, stage := range [...]struct {
		name     string
		from, to time.Time
	}{{"queue", x.Received, x.Begun}, {"answer", x.Begun, x.Answered}, {"send", x.Answered, x.Sent}, {"total", x.Received, x.Sent}} {
		if !stage.from.IsZero() && !stage.to.IsZero() {
			m.exchangeSeconds.WithLabelValues(typ, stage.name).Observe(stage.to.Sub(stage.from).Seconds())
		}
	}
}

// ObserveCommit counts a commit, and how long it waited. It is made for
// ha.Options.OnCommit.
func (m *Metrics) ObserveCommit(c ha.CommitTiming) {
	result := "ok"
	if c.Err != nil {
		result = "failed"
	}
	m.commits.WithLabelValues(result).Inc()
	m.commitChanges.Add(float64(c.Changes))
	if c.Disk > 0 {
		m.commitSeconds.WithLabelValues("disk").Observe(c.Disk.Seconds())
	}
	if c.Awaited > 0 {
		m.commitSeconds.WithLabelValues("partner").Observe(c.Partner.Seconds())
	}
}
