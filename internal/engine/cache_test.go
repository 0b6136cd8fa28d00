package engine

import (
	"reflect"
	"slices"
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

func TestSameButTimes(t *testing.T) {
	t.Parallel()
	full := func() lease.Lease {
		return lease.Lease{
			Type: lease.NA, Addr: addrOf(1), ClientID: []byte{1}, HWAddr: []byte{2}, HWType: 3, HWSource: 4, IAID: 5,
			SubnetID: 6, PoolID: 7, CLTT: 8, ValidLft: 9, PreferredLft: 10, FQDNFwd: true, FQDNRev: true, Hostname: "a",
			State: lease.Declined, UserContext: []byte("{}"), Revision: 11,
		}
	}
	times := []string{"CLTT", "ValidLft", "PreferredLft", "Revision"}
	key := []string{"Type", "Addr", "PrefixLen"} // of the same address they are
	for field := range reflect.TypeFor[lease.Lease]().Fields() {
		a, b := full(), full()
		require.True(t, SameButTimes(&a, &b))
		reflect.ValueOf(&b).Elem().FieldByName(field.Name).SetZero()
		want := slices.Contains(times, field.Name) || slices.Contains(key, field.Name)
		require.Equal(t, want, SameButTimes(&a, &b), field.Name)
	}
}
