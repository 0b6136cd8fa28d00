package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

func TestLifetimeOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		usual, least, most *uint32
		want               Lifetime
	}{
		{new(uint32(20)), nil, nil, Lifetime{20, 20, 20}},
		{nil, new(uint32(10)), nil, Lifetime{10, 10, 10}},
		{nil, nil, new(uint32(30)), Lifetime{30, 30, 30}},
		{nil, new(uint32(10)), new(uint32(30)), Lifetime{10, 10, 30}},
		{new(uint32(20)), new(uint32(10)), new(uint32(30)), Lifetime{10, 20, 30}},
		{new(uint32(20)), new(uint32(25)), new(uint32(15)), Lifetime{20, 20, 20}},
	} {
		l, ok := LifetimeOf(c.usual, c.least, c.most)
		require.True(t, ok)
		require.Equal(t, c.want, l)
	}
	_, ok := LifetimeOf(nil, nil, nil)
	require.False(t, ok)
}

func TestChoose(t *testing.T) {
	t.Parallel()
	l := Lifetime{Min: 600, Usual: 3600, Max: 7200}
	for asked, want := range map[uint32]uint32{0: 3600, 10: 600, 1000: 1000, 100000: 7200, lease.Infinite: 7200} {
		require.Equal(t, want, l.Choose(asked))
	}
}

func TestTeeTimes(t *testing.T) {
	t.Parallel()
	both := Timers{Renew: new(uint32(900)), Rebind: new(uint32(1800))}
	for _, c := range []struct {
		timers   Timers
		lifetime uint32
		t1, t2   uint32
	}{
		{Timers{T1Percent: 0.5, T2Percent: 0.875}, 3600, 0, 0},
		{both, 3600, 900, 1800},
		{both, 1800, 900, 0},
		{both, 900, 0, 0},
		{both, lease.Infinite, 900, 1800},
		{Timers{Renew: new(uint32(1800)), Rebind: new(uint32(1800))}, 3600, 0, 1800},
		{Timers{Renew: new(uint32(900))}, 3600, 900, 0},
		{Timers{Calculate: true, T1Percent: 0.5, T2Percent: 0.875}, 3600, 1800, 3150},
		{Timers{Calculate: true, T1Percent: 0.25, T2Percent: 0.5}, 3601, 900, 1801},
		{Timers{Calculate: true, T1Percent: 0.5, T2Percent: 0.875, Renew: new(uint32(7))}, 3600, 7, 3150},
		{Timers{Calculate: true, T1Percent: 0.5, T2Percent: 0.875}, lease.Infinite, 0, 0},
	} {
		t1, t2 := TeeTimes(c.timers, c.lifetime)
		require.Equal(t, []uint32{c.t1, c.t2}, []uint32{t1, t2}, "%+v, %d", c.timers, c.lifetime)
	}
}
