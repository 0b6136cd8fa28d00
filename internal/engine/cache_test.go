package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

func TestReusable(t *testing.T) {
	t.Parallel()
	quarter, age := Cache{Threshold: new(0.25)}, Cache{MaxAge: new(uint32(100))}
	written := func(changes ...func(*lease.Lease)) *lease.Lease {
		l := &lease.Lease{CLTT: 1000, ValidLft: 1000}
		for _, change := range changes {
			change(l)
		}
		return l
	}
	preferred := func(n uint32) func(*lease.Lease) { return func(l *lease.Lease) { l.PreferredLft = n } }
	infinite := func(l *lease.Lease) { l.ValidLft = lease.Infinite }
	for _, c := range []struct {
		name  string
		cache Cache
		lease *lease.Lease
		now   int64
		want  uint32
	}{
		{"not configured", Cache{}, written(), 1001, 0},
		{"within a share", quarter, written(), 1250, 750},
		{"after the share", quarter, written(), 1251, 0},
		{"within an age", age, written(), 1100, 900},
		{"after the age", age, written(), 1101, 0},
		{"within one of two", Cache{Threshold: new(0.05), MaxAge: new(uint32(100))}, written(), 1060, 0},
		{"no share", Cache{Threshold: new(0.0)}, written(), 1000, 0},
		{"no age", Cache{MaxAge: new(uint32(0))}, written(), 1000, 0},
		{"clock set back", quarter, written(), 999, 0},
		{"ended", Cache{MaxAge: new(uint32(5000))}, written(), 2000, 0},
		{"for ever", quarter, written(infinite), 1 << 40, lease.Infinite},
		{"preferred", quarter, written(preferred(100)), 1099, 901},
		{"no longer preferred", quarter, written(preferred(100)), 1100, 0},
		{"no longer preferred, for ever", quarter, written(infinite, preferred(100)), 1100, 0},
		{"preferred for ever", quarter, written(infinite, preferred(lease.Infinite)), 1100, lease.Infinite},
		{"declined", quarter, written(func(l *lease.Lease) { l.State = lease.Declined }), 1001, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.cache.Reusable(c.lease, c.now))
		})
	}
}
