package main

import "time"

// report is what is printed in the end. Latencies are counted from when the
// first message of its kind should have been sent, also if it was sent again.
// Of DHCPv6, offers are Advertise messages and ACKs Reply messages.
type report struct {
	Seconds      float64 `json:"seconds"`
	Started      int     `json:"started"`
	NotStarted   int     `json:"not_started"` // with -rate: there was no client, no time, or too much in flight
	Completed    int     `json:"completed"`
	PerSecond    float64 `json:"per_second"` // completed while exchanges were started
	Timeouts     int     `json:"timeouts"`   // messages that were sent again
	Lost         int     `json:"lost"`       // exchanges that were given up
	Released     int     `json:"released"`   // leases that were given back; no exchanges
	Naks         int     `json:"naks"`
	Duplicates   int     `json:"duplicate_addresses"`
	OfferP50     float64 `json:"offer_ms_p50"`
	OfferP99     float64 `json:"offer_ms_p99"`
	OfferP999    float64 `json:"offer_ms_p999"`
	AckP50       float64 `json:"ack_ms_p50"`
	AckP99       float64 `json:"ack_ms_p99"`
	AckP999      float64 `json:"ack_ms_p999"`
	AckMax       float64 `json:"ack_ms_max"`
	LongestGapMs float64 `json:"longest_gap_between_acks_ms"`
	PerSecondRow []int   `json:"acks_each_second"`
}

// tally collects what the report is made of. Times are those since the start.
type tally struct {
	report
	lastAck    time.Duration
	offerTimes times
	ackTimes   times
}

// offered notes an OFFER that came after d.
func (t *tally) offered(d time.Duration) { t.offerTimes.add(d) }

// acked notes an ACK that came at now, after d.
func (t *tally) acked(now, d time.Duration) {
	t.Completed++
	t.ackTimes.add(d)
	t.LongestGapMs = max(t.LongestGapMs, ms(now-t.lastAck))
	t.lastAck = now
	second := int(now / time.Second)
	for len(t.PerSecondRow) <= second {
		t.PerSecondRow = append(t.PerSecondRow, 0)
	}
	t.PerSecondRow[second]++
}

// stopped notes that no more exchanges are started.
func (t *tally) stopped(now time.Duration) { t.PerSecond = float64(t.Completed) / now.Seconds() }

// finish returns the report.
func (t *tally) finish(now time.Duration) report {
	t.Seconds = now.Seconds()
	t.OfferP50, t.OfferP99, t.OfferP999 = t.offerTimes.quantile(.5), t.offerTimes.quantile(.99), t.offerTimes.quantile(.999)
	t.AckP50, t.AckP99, t.AckP999 = t.ackTimes.quantile(.5), t.ackTimes.quantile(.99), t.ackTimes.quantile(.999)
	t.AckMax = ms(t.ackTimes.max)
	return t.report
}
