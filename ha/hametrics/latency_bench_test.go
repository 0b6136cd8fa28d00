package hametrics

import (
	"testing"
	"time"
)

// What the metrics of a query cost the server that answers it.
func BenchmarkObserveExchange(b *testing.B) {
	m := New(Options{})
	began := time.Now()
	x := Exchange{
		Type: "REQUEST", Outcome: "sent", Received: began, Begun: began.Add(10 * time.Microsecond),
		Answered: began.Add(time.Millisecond), Sent: began.Add(2 * time.Millisecond),
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.ObserveExchange(x)
		}
	})
}
