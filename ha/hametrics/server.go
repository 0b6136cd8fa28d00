package hametrics

// ServerCounters are what became of queries and replies since the server
// started. Those of dhcp4.Server and dhcp6.Server have more; a program makes
// these of them. The names must be few, and must not be what a client sends.
type ServerCounters struct {
	Received map[string]uint64 // queries, by the type of message
	Sent     map[string]uint64 // replies, by the type of message
	Dropped  map[string]uint64 // queries and replies that came to nothing, by reason
	InFlight uint64            // queries that are being answered
}

var (
	received = Metric{"dhcpha_queries_received_total", Counter, []string{"type"},
		"Queries received, by type of message, the ones dropped later included."}
	sent = Metric{"dhcpha_replies_sent_total", Counter, []string{"type"},
		"Replies that have left, by type of message."}
	dropped = Metric{"dhcpha_dropped_total", Counter, []string{"reason"},
		"Queries and replies that came to nothing, by reason."}
	inFlight = Metric{"dhcpha_queries_in_flight", Gauge, nil,
		"Queries that are being answered."}
)

var serverMetrics = []Metric{received, sent, dropped, inFlight}

func (s sink) server(c ServerCounters) {
	for _, by := range []struct {
		metric *Metric
		counts map[string]uint64
	}{{&received, c.Received}, {&sent, c.Sent}, {&dropped, c.Dropped}} {
		for label, n := range by.counts {
			s.put(by.metric, float64(n), label)
		}
	}
	s.put(&inFlight, float64(c.InFlight))
}
