package main

import (
	"slices"
	"time"
)

// report is what is printed in the end. Latencies are counted from the last
// time a message was sent. Of DHCPv6, offers are Advertise messages and ACKs
// Reply messages.
type report struct {
	Seconds      float64 `json:"seconds"`
	Completed    int     `json:"completed"`
	PerSecond    float64 `json:"per_second"`
	Timeouts     int     `json:"timeouts"`
	Naks         int     `json:"naks"`
	Duplicates   int     `json:"duplicate_addresses"`
	OfferP50     float64 `json:"offer_ms_p50"`
	OfferP99     float64 `json:"offer_ms_p99"`
	AckP50       float64 `json:"ack_ms_p50"`
	AckP99       float64 `json:"ack_ms_p99"`
	AckMax       float64 `json:"ack_ms_max"`
	LongestGapMs float64 `json:"longest_gap_between_acks_ms"`
	PerSecondRow []int   `json:"acks_each_second"`
}

// tally collects what the report is made of.
type tally struct {
	report
	start      time.Time
	lastAck    time.Time
	offerTimes []float64
	ackTimes   []float64
}

// offered notes an OFFER that came after d.
func (t *tally) offered(d time.Duration) { t.offerTimes = append(t.offerTimes, ms(d)) }

// acked notes an ACK that came at now, after d.
func (t *tally) acked(now time.Time, d time.Duration) {
	t.Completed++
	t.ackTimes = append(t.ackTimes, ms(d))
	t.LongestGapMs = max(t.LongestGapMs, ms(now.Sub(t.lastAck)))
	t.lastAck = now
	second := int(now.Sub(t.start).Seconds())
	for len(t.PerSecondRow) <= second {
		t.PerSecondRow = append(t.PerSecondRow, 0)
	}
	t.PerSecondRow[second]++
}

// finish returns the report. duration is how long exchanges were started.
func (t *tally) finish(now time.Time, duration time.Duration) report {
	t.Seconds = now.Sub(t.start).Seconds()
	t.PerSecond = float64(t.Completed) / duration.Seconds()
	slices.Sort(t.offerTimes)
	slices.Sort(t.ackTimes)
	t.OfferP50, t.OfferP99 = quantile(t.offerTimes, .5), quantile(t.offerTimes, .99)
	t.AckP50, t.AckP99, t.AckMax = quantile(t.ackTimes, .5), quantile(t.ackTimes, .99), quantile(t.ackTimes, 1)
	return t.report
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// quantile returns the value that a share q of the sorted values do not exceed.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))]
}
