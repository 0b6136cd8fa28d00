package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

func TestRun(t *testing.T) {
	t.Parallel()
	for _, mode := range []ha.Mode{ha.HotStandby, ha.LoadBalancing} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), &out, mode, 4, time.Second/2), &out)
			for _, want := range []string{"server1 is " + string(mode), "server2 is partner-down", "lost          0", "duplicates    0"} {
				require.Contains(t, out.String(), want, "%s", &out)
			}
		})
	}
}

func ack(t *testing.T, addr string, lft uint32) *dhcpv4.DHCPv4 {
	t.Helper()
	m, err := dhcpv4.New(dhcpv4.WithYourIP(net.ParseIP(addr)), dhcpv4.WithLeaseTime(lft))
	require.NoError(t, err)
	return m
}

// The audit must see what a server may do wrong.
func TestAudit(t *testing.T) {
	t.Parallel()
	one, two := net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr("10.0.0.1"), HWAddr: one, SubnetID: 1, CLTT: time.Now().Unix(), ValidLft: 3600,
	}}))
	t.Cleanup(func() { require.NoError(t, store.Close()) })

	for _, tt := range []struct {
		wrong string
		note  func(*book)
	}{
		{"", func(b *book) { b.acknowledged(one, ack(t, "10.0.0.1", 3600), time.Millisecond) }},
		{"no client was served", func(*book) {}},
		{"is missing", func(b *book) { b.acknowledged(one, ack(t, "10.0.0.2", 3600), 0) }},
		{"is kept for", func(b *book) { b.acknowledged(two, ack(t, "10.0.0.1", 3600), 0) }},
		{"but ends", func(b *book) { b.acknowledged(one, ack(t, "10.0.0.1", 7200), 0) }},
		{"although", func(b *book) {
			b.acknowledged(two, ack(t, "10.0.0.1", 3600), 0)
			b.acknowledged(one, ack(t, "10.0.0.1", 3600), 0)
		}},
		{"a client's own", func(b *book) {
			b.acknowledged(one, ack(t, "10.0.0.1", 3600), 0)
			b.note(errors.New("a client's own"))
		}},
	} {
		b := newBook()
		tt.note(b)
		b.audit("server1", store)
		err := b.sum(io.Discard, 0)
		if tt.wrong == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, tt.wrong)
		}
	}
}
