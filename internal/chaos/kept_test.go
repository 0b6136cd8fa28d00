package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// What failoverd keeps is read from a copy.
func TestKeptIn(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "leases.db")
	hw := []byte{2, 0, 1, 0, 0, 1}
	for text, l := range map[string]lease.Lease{
		"10.0.0.1": {Type: lease.V4, HWAddr: hw, SubnetID: 1, CLTT: 1000, ValidLft: 60},
		"fd78::1":  {Type: lease.NA, ClientID: append([]byte{0, 3, 0, 1}, hw...), SubnetID: 1, CLTT: 1000, ValidLft: 60, State: lease.Declined},
	} {
		require.NoError(t, os.RemoveAll(name))
		store, err := lease.Open(name, nil)
		require.NoError(t, err)
		l.Addr = netip.MustParseAddr(text)
		require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: l}))
		require.NoError(t, store.Close())
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		has, err := keptIn(file, name+".copy")
		require.NoError(t, err)
		require.Equal(t, map[netip.Addr]keptLease{l.Addr: {"020001000001", time.Unix(1060, 0), int(l.State)}}, has)
		require.NoFileExists(t, name+".copy")
	}
}

// Kea appends to its file; what it could not write whole is none.
func TestCSVFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "leases.csv")
	file, err := os.Create(name)
	require.NoError(t, err)
	defer file.Close()
	var f csvFile
	read := func(text string) map[netip.Addr]keptLease {
		_, err := file.WriteString(text)
		require.NoError(t, err)
		has, err := f.read(name)
		require.NoError(t, err)
		return has
	}
	addr := netip.MustParseAddr
	has := read("address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n" +
		"10.0.0.1,02:00:01:00:00:01,01:02:00:01:00:00:01,60,1060,1,0,0,,0,\n" +
		"10.0.0.2,02:00:01:00:00:02,,60,1060,1,0,0,,0,\n" +
		"10.0.0.3,02:00:01:00:00:03,,60,10610.0.0.4,02:00:01:00:00:04,,60,1060,1,0,0,,0,\n" +
		"10.0.0.5,02:00:01")
	want := map[netip.Addr]keptLease{
		addr("10.0.0.1"): {"020001000001", time.Unix(1060, 0), 0},
		addr("10.0.0.2"): {"020001000002", time.Unix(1060, 0), 0},
	}
	require.Equal(t, want, has)
	has = read(":00:00:05,,60,1060,1,0,0,,1,\n10.0.0.1,02:00:01:00:00:01,,60,1070,1,0,0,,0,\n10.0.0.2,02:00:01:00:00:02,,0,1010,1,0,0,,0,\n")
	require.Len(t, want, 2, "what was returned is not changed")
	require.Equal(t, map[netip.Addr]keptLease{
		addr("10.0.0.1"): {"020001000001", time.Unix(1070, 0), 0},
		addr("10.0.0.5"): {"020001000005", time.Unix(1060, 0), 1},
	}, has)

	require.NoError(t, os.WriteFile(name, []byte(
		"address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source\n"+
			"fd78::1,00:03:00:01:02:00:01:00:00:01,60,1060,1,30,0,1,128,0,0,,,0,,1,2\n"), 0o600))
	has, err = new(csvFile).read(name)
	require.NoError(t, err)
	require.Equal(t, map[netip.Addr]keptLease{addr("fd78::1"): {"020001000001", time.Unix(1060, 0), 0}}, has)
}

// The check must see what a server may do wrong.
func TestCompare(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("10.0.0.1")
	promised := map[netip.Addr]claim{addr: {client: "020001000001", until: time.Unix(1060, 0)}}
	good := keptLease{"020001000001", time.Unix(1060, 0), 0}
	for want, change := range map[string]func(has map[netip.Addr]keptLease){
		"":                   func(map[netip.Addr]keptLease) {},
		"is missing":         func(has map[netip.Addr]keptLease) { delete(has, addr) },
		"is of 020001000002": func(has map[netip.Addr]keptLease) { has[addr] = keptLease{"020001000002", good.ends, 0} },
		"has state 2":        func(has map[netip.Addr]keptLease) { has[addr] = keptLease{good.client, good.ends, 2} },
		"ends 1s too early":  func(has map[netip.Addr]keptLease) { has[addr] = keptLease{good.client, good.ends.Add(-time.Second), 0} },
	} {
		has := map[netip.Addr]keptLease{addr: good}
		change(has)
		lost := compare(promised, has, time.Unix(1000, 0))
		if want == "" {
			require.Empty(t, lost)
			continue
		}
		require.Len(t, lost, 1, want)
		require.Equal(t, want, lost[0].why)
		require.Empty(t, compare(promised, has, time.Unix(1059, 0)), "its time is over")
	}
}
