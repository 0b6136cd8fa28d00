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

	"github.com/dhcpha/dhcpha/lease"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, time.Second, 4), &out)
	require.Contains(t, out.String(), "Every lease that a client was promised is among them.", "%s", &out)
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
	file := filepath.Join(t.TempDir(), "leases.db")
	store, err := lease.Open(file, nil)
	require.NoError(t, err)
	require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr("10.0.0.1"), HWAddr: one, SubnetID: 1, CLTT: time.Now().Unix(), ValidLft: 3600,
	}}))
	require.NoError(t, store.Close())

	for _, tt := range []struct {
		wrong string
		note  func(*book)
	}{
		{"", func(b *book) { b.leased(one, ack(t, "10.0.0.1", 3600), time.Millisecond) }},
		{"no client was served", func(*book) {}},
		{"is not on disk", func(b *book) { b.leased(one, ack(t, "10.0.0.2", 3600), 0) }},
		{"on disk it is for", func(b *book) { b.leased(two, ack(t, "10.0.0.1", 3600), 0) }},
		{"on disk it ends", func(b *book) { b.leased(one, ack(t, "10.0.0.1", 7200), 0) }},
		{"although", func(b *book) {
			b.leased(two, ack(t, "10.0.0.1", 3600), 0)
			b.renewed(one, ack(t, "10.0.0.1", 3600), 0)
		}},
		{"a client's own", func(b *book) {
			b.leased(one, ack(t, "10.0.0.1", 3600), 0)
			b.note(errors.New("a client's own"))
		}},
	} {
		b := newBook()
		tt.note(b)
		err := b.audit(io.Discard, file)
		if tt.wrong == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, tt.wrong)
		}
	}
}
