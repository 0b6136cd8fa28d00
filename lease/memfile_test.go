package lease

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	header4 = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname"
	header6 = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname"
)

func readAll(t testing.TB, text string) (leases []Lease, bad []string) {
	t.Helper()
	r, err := NewMemfileReader(strings.NewReader(text), "f")
	require.NoError(t, err)
	for {
		l, err := r.Next()
		var e *RowError
		switch {
		case errors.Is(err, io.EOF):
			return leases, bad
		case errors.As(err, &e):
			bad = append(bad, err.Error())
		default:
			require.NoError(t, err)
			leases = append(leases, l)
		}
	}
}

func TestRecordedFilesReadToTheirLastRows(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"memfile-v4.csv", "memfile-v6.csv"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s := openTest(t)
			name := filepath.Join("testdata", file)
			got, err := ImportMemfile(t.Context(), s, name, nil)
			require.NoError(t, err)
			require.Equal(t, []string{name}, got.Files)
			require.Zero(t, got.Bad)
			require.Equal(t, map[string]int{"memfile-v4.csv": 13, "memfile-v6.csv": 23}[file], got.Rows)
			var all []Lease
			for l := range s.All() {
				l.Revision = 0
				all = append(all, l)
			}
			require.Equal(t, map[string][]Lease{
				"memfile-v4.csv": {
					{Type: V4, Addr: addr("10.77.16.3"), HWAddr: []byte{2, 0, 0x5e, 0x10, 0, 4}, ClientID: []byte{1, 2, 0, 0x5e, 0x10, 0, 4},
						SubnetID: 1, CLTT: 1795321189, ValidLft: 3600,
						UserContext: []byte(`{"ISC":{"relay-agent-info":"0x0106706F72742D37020572656D2D31"}}`)},
					{Type: V4, Addr: addr("10.77.16.4"), HWAddr: []byte{2, 0, 0x5e, 0x10, 0, 6}, ClientID: []byte{1, 2, 0, 0x5e, 0x10, 0, 6},
						SubnetID: 1, CLTT: 1795321190, ValidLft: Infinite},
					{Type: V4, Addr: addr("10.77.16.5"), HWAddr: []byte{2, 0, 0x5e, 0x10, 0, 7}, ClientID: []byte{1, 2, 0, 0x5e, 0x10, 0, 7},
						SubnetID: 1, CLTT: 1795321191, ValidLft: 3600},
				},
				"memfile-v6.csv": {
					{Type: NA, Addr: addr("fd77::1:0:4"), HWAddr: []byte{2, 0, 0x5e, 0x10, 0, 4}, HWType: 1, HWSource: 2, IAID: 1,
						ClientID: []byte{0, 3, 0, 1, 2, 0, 0x5e, 0x10, 0, 4}, SubnetID: 1, CLTT: 1795321213, ValidLft: 3600, PreferredLft: 1800,
						UserContext: []byte(`{"ISC":{"relays":[{"hop":0,"link":"fd77::100","options":"0x00120006706F72742D370025000C000009BF72656D6F74652D31","peer":"fe80::c1:5"}]}}`)},
					{Type: NA, Addr: addr("fd77::1:0:5"), HWAddr: []byte{2, 0, 0x5e, 0x10, 0, 6}, HWType: 1, HWSource: 2, IAID: 1,
						ClientID: []byte{0, 3, 0, 1, 2, 0, 0x5e, 0x10, 0, 6}, SubnetID: 1, CLTT: 1795321214, ValidLft: Infinite, PreferredLft: 1800},
				},
			}[file], all)
		})
	}
}

func TestMemfileColumnsOfAllVersions(t *testing.T) {
	t.Parallel()
	v4 := "192.0.2.1,02:00:00:00:00:01,,100,1100,7,1,0,a"
	v6 := "2001:db8::1,01:02:03,100,1100,7,50,0,5,128,1,0,a"
	for _, c := range []struct{ header, row, want string }{
		{header4, v4, "0  0"},
		{header4 + ",state", v4 + ",2", "2  0"},
		{header4 + ",state", v4 + ",2,{}", "2 {} 0"}, // a row of a newer Kea after an older header
		{header4 + ",state,user_context", v4 + ",2,", "2  0"},
		{header4 + ",state,user_context,pool_id", v4 + ",0,{\"a\": 1},9", "0 {\"a\":1} 9"},
		{header4 + ",state,user_context,pool_id,novelty", v4 + ",0,,9,x", "0  9"},
		{header4 + ",state,user_context,pool_id", v4, ""},
		{header6, v6, "0  0"},
		{header6 + ",hwaddr", v6 + ",02:00:00:00:00:01", "0  0"},
		{header6 + ",hwaddr,state,user_context,hwtype,hwaddr_source,pool_id", v6 + ",02:00:00:00:00:01,1,,,,4", "1  4"},
	} {
		leases, bad := readAll(t, c.header+"\r\n\n"+c.row)
		if c.want == "" {
			require.Len(t, bad, 1, c.row)
			continue
		}
		require.Empty(t, bad)
		require.Len(t, leases, 1)
		l := leases[0]
		require.Equal(t, c.want, strings.Join([]string{string('0' + rune(l.State)), string(l.UserContext), string('0' + rune(l.PoolID))}, " "))
		require.Equal(t, int64(1000), l.CLTT)
		if l.Type == NA && len(l.HWAddr) > 0 {
			require.Equal(t, uint16(1), l.HWType, "Ethernet")
		}
	}
}

func TestMemfileHeaders(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"address,hwaddr\n":                             `f:1: column "client_id" is missing`,
		"\n" + strings.ToUpper(header4) + "\n":         `f:2: column 1 is "ADDRESS", not "address" as in a lease file of Kea`,
		header6 + ",state\n":                           `column 13 is "state", not "hwaddr"`,
		strings.Replace(header4, ",hw", ", hw", 1):     `column 2 is " hwaddr"`,
		strings.Repeat("x", maxRow+1) + "\n" + header4: "longer than",
	} {
		_, err := NewMemfileReader(strings.NewReader(text), "f")
		require.ErrorContains(t, err, want)
	}
	leases, bad := readAll(t, "")
	require.Empty(t, leases)
	require.Empty(t, bad)
}

func TestBadRowsAreNamedAndPassedOver(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]string{
		"192.0.2.x,,01:02,100,1100,7,0,0,":                     `f:2: address "192.0.2.x": `,
		"2001:db8::1,,01:02,100,1100,7,0,0,":                   `address "2001:db8::1": an address of the other family`,
		"192.0.2.1,zz,01:02,100,1100,7,0,0,":                   `hwaddr "zz": `,
		"192.0.2.1,,01:02,-1,1100,7,0,0,":                      `valid_lifetime "-1": not a number from 0 to 4294967295`,
		"192.0.2.1,,01:02,100,99,7,0,0,":                       `f:2: expire 99 is less than valid_lifetime 100`,
		"192.0.2.1,,01:02,100,99999999999999,7,0,0,":           `expire "99999999999999"`,
		"192.0.2.1,,01:02,100,1100,0,0,0,":                     `subnet`,
		"192.0.2.1,,01:02,100,1100,7,2,0,":                     `fqdn_fwd "2": neither 0 nor 1`,
		"192.0.2.1,,,100,1100,7,0,0,":                          `neither a hardware address nor a client identifier`,
		"192.0.2.1,,01:02,100,1100,7,0,0,,5":                   `state "5": not a number from 0 to 4`,
		"192.0.2.1,,01:02,100,1100,7,0,0,,0,{":                 `user_context "{"`,
		"192.0.2.1,,01:02,100,1100,7,0,0,,0,[]":                `user context is not a JSON object`,
		"192.0.2.1,,01:02,100":                                 `f:2: 4 values instead of 9`,
		"192.0.2.1,,01:02,100,1100,7,0,0,,0,,0,0":              `13 values`,
		strings.Repeat("x", maxRow+10):                         `f:2: longer than 524288 bytes`,
		"192.0.2.1,,01:02,100,1100,7,0,0,a" + "\xff&#x2c,0,,x": `pool_id "x"`,
	} {
		leases, bad := readAll(t, header4+"\n"+row+"\n192.0.2.9,,01:02,100,1100,7,0,0,\n")
		require.Len(t, bad, 1, row)
		require.Contains(t, bad[0], want)
		require.Len(t, leases, 1, "the next row is read")
	}
	for row, want := range map[string]string{
		"2001:db8::1,,100,1100,7,50,0,5,128,0,0,":         `no DUID`,
		"2001:db8::1,01:02:03,100,1100,7,50,1,5,128,0,0,": `lease_type "1"`,
		"2001:db8::1,01:02:03,100,1100,7,50,2,5,129,0,0,": `prefix_len "129"`,
		"2001:db8::1,01:02:03,100,1100,7,50,2,5,56,0,0,":  `first address`,
	} {
		_, bad := readAll(t, header6+"\n"+row)
		require.Len(t, bad, 1, row)
		require.Contains(t, bad[0], want)
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for plain, escaped := range map[string]string{
		"":            "",
		"a,b&c":       "a&#x2cb&#x26c",
		"\x1f ~\x7fé": "&#x1f ~&#x7f&#xc3&#xa9",
		"&#x2c":       "&#x26#x2c",
	} {
		require.Equal(t, escaped, string(appendEscaped(nil, plain)))
		require.Equal(t, plain, unescape(escaped))
	}
	for escaped, plain := range map[string]string{
		"&#x2C": ",", "&#x": "&#x", "&#x2": "&#x2", "&#xzz": "&#xzz", "&#x&#x41": "&#xA", "&#x&#x": "&#x&#x", "a & b": "a & b",
	} {
		require.Equal(t, plain, unescape(escaped))
	}
}

func sampleLeases() []Lease {
	duid, hw := []byte{0, 3, 0, 1, 2, 0, 0, 0, 0, 1}, []byte{2, 0, 0, 0, 0, 1}
	return []Lease{
		{Type: V4, Addr: addr("192.0.2.1"), HWAddr: hw, ClientID: []byte{1, 2}, SubnetID: 1, PoolID: 4, CLTT: 1_700_000_000, ValidLft: 3600,
			FQDNFwd: true, Hostname: "a,b&c\x01\xff", UserContext: []byte(`{"a":"é,&","b":[1,2]}`)},
		{Type: V4, Addr: addr("192.0.2.2"), HWAddr: hw, SubnetID: 4294967295, CLTT: 1_700_000_000, ValidLft: Infinite, FQDNRev: true, State: Released},
		{Type: V4, Addr: addr("192.0.2.3"), SubnetID: 1, CLTT: 1_700_000_000, ValidLft: 86400, State: Declined},
		{Type: NA, Addr: addr("2001:db8::1"), ClientID: duid, HWAddr: hw, HWType: 1, HWSource: 2, IAID: 4294967295, SubnetID: 1, PoolID: 9,
			CLTT: 1_700_000_000, ValidLft: 3600, PreferredLft: 1800, Hostname: "h", State: ExpiredReclaimed},
		{Type: NA, Addr: addr("2001:db8::2"), SubnetID: 1, CLTT: 1_700_000_000, ValidLft: 3600, State: Declined},
		{Type: PD, Addr: addr("2001:db8:1::"), PrefixLen: 56, ClientID: duid, IAID: 7, SubnetID: 1, CLTT: 1_700_000_000, ValidLft: 3600},
	}
}

func TestExportAndImport(t *testing.T) {
	t.Parallel()
	from, to := openTest(t), openTest(t)
	want := sampleLeases()
	for _, l := range want {
		require.NoError(t, from.Commit(t.Context(), Change{Lease: l}))
	}
	nobodys := Lease{Type: V4, Addr: addr("192.0.2.9"), SubnetID: 1, CLTT: 1, ValidLft: 1}
	gone := want[1]
	gone.Addr, gone.ValidLft = addr("192.0.2.8"), 0
	require.NoError(t, from.Commit(t.Context(), Change{Lease: nobodys}, Change{Lease: gone}))
	for _, v6 := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "leases.csv")
		f, err := os.Create(name)
		require.NoError(t, err)
		n, err := ExportMemfile(f, from, v6)
		require.Equal(t, 3, n)
		if v6 {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "192.0.2.9: neither a hardware address")
		}
		require.NoError(t, f.Close())
		got, err := ImportMemfile(t.Context(), to, name, nil)
		require.NoError(t, err)
		require.Equal(t, ImportResult{Files: []string{name}, Rows: 3}, got)
	}
	var all []Lease
	for l := range to.All() {
		l.Revision = 0
		all = append(all, l)
	}
	require.Equal(t, want, all)
}

func TestWriterRefusesWhatKeaWould(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	m := NewMemfileWriter(&b, true)
	require.ErrorContains(t, m.Write(sampleLeases()[0]), "192.0.2.1")
	require.NoError(t, m.Write(sampleLeases()[5]))
	require.NoError(t, m.Flush())
	require.Equal(t, header6+",hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n"+
		"2001:db8:1::,00:03:00:01:02:00:00:00:00:01,3600,1700003600,1,0,2,7,56,0,0,,,0,,0,0,0\n", b.String())
}

// The files that a cleanup leaves, however it was interrupted, are read in the
// order of their age.
func TestLeftoversOfACleanup(t *testing.T) {
	t.Parallel()
	row := func(address, host string) string {
		return address + ",,01:02,100,1700000000,1,0,0," + host + "\n"
	}
	gone := "192.0.2.9,,01:02,0,1700000000,1,0,0,\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"nothing but the file", map[string]string{"": row("192.0.2.1", "now")}, "now"},
		{"cleanup is done", map[string]string{".2": row("192.0.2.1", "old") + row("192.0.2.2", "old"), "": row("192.0.2.1", "now")}, "now old"},
		{"cleanup has not ended", map[string]string{
			".2": row("192.0.2.1", "old") + row("192.0.2.9", "old"), ".1": row("192.0.2.1", "newer") + gone, ".output": "rubbish", "": ""}, "newer"},
		{"cleanup has to remove its input", map[string]string{
			".2": row("192.0.2.9", "old"), ".1": row("192.0.2.9", "newer"), ".completed": row("192.0.2.1", "whole"), "": row("192.0.2.2", "now")}, "whole now"},
		{"the file itself is missing", map[string]string{".1": row("192.0.2.1", "newer")}, "newer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, name := openTest(t), filepath.Join(t.TempDir(), "leases.csv")
			for suffix, rows := range c.files {
				if rows != "" && rows != "rubbish" {
					rows = header4 + "\n" + rows
				}
				require.NoError(t, os.WriteFile(name+suffix, []byte(rows), 0o600))
			}
			_, err := ImportMemfile(t.Context(), s, name, nil)
			require.NoError(t, err)
			var got []string
			for l := range s.All() {
				got = append(got, l.Hostname)
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

func TestImportBoundsBadRows(t *testing.T) {
	t.Parallel()
	s, name := openTest(t), filepath.Join(t.TempDir(), "leases.csv")
	_, err := ImportMemfile(t.Context(), s, name, nil)
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.WriteFile(name, []byte(header4+"\n"+strings.Repeat("bad\n", 150)), 0o600))
	got, err := ImportMemfile(t.Context(), s, name, nil)
	require.NoError(t, err)
	require.Equal(t, 150, got.Bad)
	require.Len(t, got.Errors, 100)
	_, err = ImportMemfile(t.Context(), s, name, &ImportOptions{MaxRowErrors: 150})
	require.NoError(t, err)
	_, err = ImportMemfile(t.Context(), s, name, &ImportOptions{MaxRowErrors: 149})
	require.ErrorContains(t, err, "leases.csv:151: 1 values instead of 9")
}

func TestImportInSeveralCommits(t *testing.T) {
	t.Parallel()
	s, name := openTest(t), filepath.Join(t.TempDir(), "leases.csv")
	f, err := os.Create(name)
	require.NoError(t, err)
	m := NewMemfileWriter(f, false)
	l := sampleLeases()[1]
	for i := range 3 * importBatch {
		l.Addr, l.HWAddr = addrOfNumber(i), []byte{2, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}
		require.NoError(t, m.Write(l))
	}
	l.Addr, l.ValidLft = addrOfNumber(1), 0
	require.NoError(t, m.Write(l))
	require.NoError(t, m.Flush())
	require.NoError(t, f.Close())
	_, err = ImportMemfile(t.Context(), s, name, nil)
	require.NoError(t, err)
	require.Equal(t, 3*importBatch-1, s.Count(0, Released, V4))
}

// What has been read can be written, and is read the same again.
func FuzzMemfile(f *testing.F) {
	for _, file := range []string{"testdata/memfile-v4.csv", "testdata/memfile-v6.csv"} {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, v6 := range []bool{false, true} {
		var b bytes.Buffer
		m := NewMemfileWriter(&b, v6)
		for _, l := range sampleLeases() {
			if (l.Type != V4) == v6 {
				require.NoError(f, m.Write(l))
			}
		}
		require.NoError(f, m.Flush())
		f.Add(b.Bytes())
	}
	f.Add([]byte(header4 + "\n192.0.2.1,,01:02,100,1100,7,0,0,&#x&#x41"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := NewMemfileReader(bytes.NewReader(text), "f")
		if err != nil {
			return
		}
		var b bytes.Buffer
		m := NewMemfileWriter(&b, r.IPv6())
		var want []Lease
		for {
			l, err := r.Next()
			var e *RowError
			if errors.As(err, &e) {
				continue
			}
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.NoError(t, m.Write(l))
			want = append(want, l)
		}
		require.NoError(t, m.Flush())
		got, bad := readAll(t, b.String())
		require.Empty(t, bad)
		require.Len(t, got, len(want))
		for i := range want {
			requireSame(t, want[i], got[i])
		}
	})
}
