package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// written is a book whose file has lines, read up to their end.
func written(t *testing.T, text string) (*book, news) {
	t.Helper()
	b := newBook(filepath.Join(t.TempDir(), "acks"))
	n, err := b.read(time.Now())
	require.NoError(t, err, "it need not be there yet")
	require.Empty(t, n.before)
	require.NoError(t, os.WriteFile(b.file, []byte(text), 0o600))
	n, err = b.read(time.Unix(1002, 0))
	require.NoError(t, err)
	return b, n
}

func TestBook(t *testing.T) {
	t.Parallel()
	b, n := written(t, ""+
		"1000100 000001000001 10.0.0.1 10.77.0.1 60 50\n"+ // the first line is of client 02:00:01:00:00:01
		"1001000 000001000002 fd78::2/64 fd77::1 60 0\n"+
		"1001999 000001000003 10.0.0.3 10.77.0.1 60 2500\n"+
		"1002000 000001000001 10.0.0.1 10.77.0.2 60 0\n"+
		"1002500 000001000005 10.0.0.5 10.77.0.2 60 2500\n"+
		"1003000 000001000003 10.0.0.3 - 0 0\n"+
		"1004000 000001000004 10.0.0.4 10.77.0.2 60") // is being written
	require.Empty(t, n.twice)
	addr := netip.MustParseAddr
	require.Len(t, n.before, 2)
	require.Equal(t, claim{"020001000001", "10.77.0.1", time.UnixMilli(1000100), time.Unix(1060, 0)}, n.before[addr("10.0.0.1")])
	require.NotContains(t, n.before, addr("10.0.0.3"), "it is given back")
	require.Equal(t, map[netip.Addr]claim{
		addr("10.0.0.1"): {"020001000001", "10.77.0.2", time.UnixMilli(1002000), time.Unix(1061, 0)},
		addr("fd78::2"):  {"020001000002", "fd77::1", time.UnixMilli(1001000), time.Unix(1060, 0)},   // by a clock that is behind
		addr("10.0.0.5"): {"020001000005", "10.77.0.2", time.UnixMilli(1002500), time.Unix(1059, 0)}, // it began at 1000
	}, b.claims)
	require.Contains(t, n.waits, wait{time.UnixMilli(1001999 - 2500), time.UnixMilli(1001999)})
	require.Len(t, n.waits, 5)

	f, err := os.OpenFile(b.file, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString(" 5\n")
	require.NoError(t, err)
	n, err = b.read(time.Unix(1, 0))
	require.NoError(t, err)
	require.Len(t, n.before, 3)
	require.Len(t, b.claims, 4)
	_, err = f.WriteString("nonsense\n")
	require.NoError(t, err)
	_, err = b.read(time.Now())
	require.ErrorContains(t, err, "nonsense")
}

// An address has been given twice if another client may still use it.
func TestBookGivenTwice(t *testing.T) {
	t.Parallel()
	const first = "1000020 000001000001 10.0.0.1 10.77.0.1 60 0\n"
	for name, test := range map[string]struct {
		then  string
		twice int
	}{
		"at once":      {"1000001 000001000002 10.0.0.1 10.77.0.2 60 0\n", 1},
		"just in time": {"1059999 000001000002 10.0.0.1 10.77.0.2 60 0\n", 1},
		"later":        {"1060000 000001000002 10.0.0.1 10.77.0.2 60 0\n", 0},
		"the same":     {"1000001 000001000001 10.0.0.1 10.77.0.2 60 0\n", 0},
		"given back":   {"1000001 000001000001 10.0.0.1 - 0 0\n1000001 000001000002 10.0.0.1 10.77.0.2 60 0\n", 0},
		"not by it":    {"1000001 000001000003 10.0.0.1 - 0 0\n1000001 000001000002 10.0.0.1 10.77.0.2 60 0\n", 1},
	} {
		_, n := written(t, first+test.then)
		require.Len(t, n.twice, test.twice, name)
	}

	// A server has leased it to another client, which does not use it.
	for name, test := range map[string]struct {
		then string
		want int
	}{
		"after":      {"1001000 000001000002 10.0.0.1 10.77.0.2 60 -1\n", 1},
		"before":     {"1001000 000001000002 10.0.0.9 10.77.0.2 60 -1\n1003000 000001000003 10.0.0.9 10.77.0.1 60 0\n", 1},
		"over":       {"1001000 000001000002 10.0.0.9 10.77.0.2 60 -1\n1071000 000001000003 10.0.0.9 10.77.0.1 60 0\n", 0},
		"the same":   {"1001000 000001000001 10.0.0.1 10.77.0.2 60 -1\n", 0},
		"nobody's":   {"1001000 000001000002 10.0.0.9 10.77.0.2 60 -1\n", 0},
		"given back": {"1000900 000001000001 10.0.0.1 - 0 0\n1001000 000001000002 10.0.0.1 10.77.0.2 60 -1\n", 0},
	} {
		b, n := written(t, first+test.then)
		require.Len(t, n.disputed, test.want, name)
		require.Empty(t, n.twice, name)
		for _, c := range n.disputed {
			require.Equal(t, "020001000002", c.first.client, name)
			require.Equal(t, b.claims[c.addr], c.second, name)
		}
	}

	// Whoever takes another address has given up the first.
	b, n := written(t, first+"1005000 000001000001 10.0.0.2 10.77.0.2 60 0\n1006000 000001000002 10.0.0.1 10.77.0.2 60 0\n")
	require.Empty(t, n.twice)
	require.Len(t, n.moved, 1)
	require.Equal(t, "10.0.0.1", n.moved[0].addr.String())
	require.Len(t, b.claims, 2)
	_, n = written(t, first+"1070000 000001000001 10.0.0.2 10.77.0.2 60 0\n")
	require.Empty(t, n.moved, "its time was over")

	b, _ = written(t, first)
	b.allow(20 * time.Second)
	require.Equal(t, time.Unix(1040, 0), b.claims[netip.MustParseAddr("10.0.0.1")].until)
	n = news{}
	a, err := parseAck("1039900 000001000002 10.0.0.1 10.77.0.2 60 0\n")
	require.NoError(t, err)
	b.note(a, &n)
	require.Len(t, n.twice, 1)
	require.Equal(t, time.Unix(1039+60-20, 0), b.claims[a.addr].until)
	b.disallow()
	b.note(a, &n)
	require.Equal(t, time.Unix(1039+60-20, 0), b.claims[a.addr].until, "it had begun before")
	a.began = time.Now()
	b.note(a, &n)
	require.Equal(t, a.claim, b.claims[a.addr])
}
