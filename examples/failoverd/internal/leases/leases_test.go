package leases

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// now is when the leases of these tests were given.
var now = time.Now().Unix()

// v4 is the lease of a client of DHCPv4.
func v4(n int) lease.Lease {
	return lease.Lease{
		Type: lease.V4, Addr: netip.AddrFrom4([4]byte{192, 0, byte(2 + n>>8), byte(n)}),
		HWAddr: []byte{2, 0, 0, 0, byte(n >> 8), byte(n)}, ClientID: []byte{1, 2, 0, 0, 0, byte(n >> 8), byte(n)},
		SubnetID: 1, CLTT: now, ValidLft: 3600, Hostname: fmt.Sprintf("host-%d", n),
	}
}

// v6 is the lease of a client of DHCPv6: an address or, if n is odd, a prefix.
func v6(n int) lease.Lease {
	addr := netip.MustParseAddr("2001:db8::").As16()
	l := lease.Lease{
		Type: lease.NA, ClientID: []byte{0, 3, 0, 1, 2, 0, 0, 0, byte(n >> 8), byte(n)}, IAID: uint32(n),
		SubnetID: 1, CLTT: now, ValidLft: 3600, PreferredLft: 1800,
	}
	if n%2 == 1 {
		l.Type, l.PrefixLen = lease.PD, 64
		addr[6], addr[7] = byte(n>>8), byte(n)
	} else {
		addr[14], addr[15] = byte(n>>8), byte(n)
	}
	l.Addr = netip.AddrFrom16(addr)
	return l
}

// several returns leases by number.
func several(of func(int) lease.Lease, n int) (all []lease.Lease) {
	for i := range n {
		all = append(all, of(i+1))
	}
	return all
}

// open opens a lease file with leases in it.
func open(t *testing.T, file string, leases ...lease.Lease) *lease.Store {
	t.Helper()
	store, err := lease.Open(file, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	put(t, store, leases...)
	return store
}

func put(t *testing.T, store *lease.Store, leases ...lease.Lease) {
	t.Helper()
	var changes []lease.Change
	for _, l := range leases {
		changes = append(changes, lease.Change{Lease: l})
	}
	require.NoError(t, store.Commit(t.Context(), changes...))
}

// stopped makes the lease file of a server that does not run.
func stopped(t *testing.T, leases ...lease.Lease) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "leases.csv.db")
	require.NoError(t, open(t, file, leases...).Close())
	return file
}

// serving makes the lease commands of a store be taken at a socket.
func serving(t *testing.T, store *lease.Store, family ctrl.Family) (socket string, mux *ctrl.Mux) {
	t.Helper()
	dir, err := os.MkdirTemp("", "leases-") // short enough for a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	mux = ctrl.NewMux()
	ctrl.HandleLeases(mux, family, store, store, nil)
	sockets := &ctrl.Sockets{Mux: mux}
	socket = filepath.Join(dir, "ctrl")
	require.NoError(t, sockets.Open([]ctrl.SocketConfig{{Type: "unix", Name: socket}}))
	t.Cleanup(sockets.Close)
	return socket, mux
}

// do runs the command.
func do(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err strings.Builder
	status = Run(t.Context(), args, &out, &err)
	return out.String(), err.String(), status
}

// done runs the command, which has to succeed and say nothing but its output.
func done(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	stdout, stderr, status := do(t, args...)
	require.Zero(t, status, stderr)
	require.Empty(t, stderr)
	return stdout
}

func TestList(t *testing.T) {
	t.Parallel()
	old := v4(3)
	old.CLTT -= 7200
	strange := v4(4)
	strange.Hostname = "a\x1b[2Jb"
	never := v4(5)
	never.ValidLft = lease.Infinite
	file := stopped(t, v4(1), v4(2), old, strange, never)
	all := done(t, "list", file)
	require.Equal(t, "ADDRESS    STATE     UNTIL                HW-ADDRESS         CLIENT-ID             SUBNET  HOSTNAME", strings.TrimSpace(strings.Split(all, "\n")[0]))
	require.Regexp(t, `(?m)^192\.0\.2\.1 +assigned +`+until(new(v4(1)))+` +02:00:00:00:00:01 +01:02:00:00:00:00:01 +1 +host-1$`, all)
	require.Regexp(t, `(?m)^192\.0\.2\.3 +expired `, all)
	require.Regexp(t, `(?m)^192\.0\.2\.5 +assigned +for ever `, all)
	require.NotContains(t, all, "\x1b", "what a client sends does not command the terminal")
	require.Contains(t, all, "\n5 leases\n")

	for word, found := range map[string]string{
		"192.0.2.2": "192.0.2.2", "HOST-2": "192.0.2.2", "00:02": "192.0.2.2",
	} {
		some := done(t, "list", file, word)
		require.Contains(t, some, found)
		require.Contains(t, some, "\n1 of 5 leases\n", word)
	}
	require.Equal(t, "0 of 5 leases\n", done(t, "list", file, "host-2", "host-1"), "each word must occur")
	require.Contains(t, done(t, "list", file, "subnet=1"), "\n5 leases\n")
	for _, word := range []string{"subnet=11", "subnet=", "subnet=0"} {
		require.Equal(t, "0 of 5 leases\n", done(t, "list", file, word))
	}

	leases, err := parseLeases([]byte(done(t, "list", file, "host-2", "-json")))
	require.NoError(t, err)
	require.Len(t, leases, 1)
	require.Equal(t, "host-2", leases[0].Hostname)

	prefix := v6(1)
	require.Contains(t, done(t, "list", stopped(t, prefix)), prefix.Addr.String()+"/64")
}

// What is exported and imported again is the same, by way of each form.
func TestExportAndImport(t *testing.T) {
	t.Parallel()
	for family, of := range map[string]func(int) lease.Lease{"4": v4, "6": v6} {
		odd := of(41)
		odd.Hostname, odd.UserContext, odd.ValidLft = "näme,x", []byte(`{"a":[1,"ü"]}`), lease.Infinite
		from := stopped(t, append(several(of, 40), odd)...)
		for _, form := range [][]string{nil, {"-json"}} {
			dir := t.TempDir()
			text, db := filepath.Join(dir, "export"), filepath.Join(dir, "new.db")
			stdout, stderr, status := do(t, append([]string{"export", from, "-o", text}, form...)...)
			require.Zero(t, status, stderr)
			require.Empty(t, stdout)
			require.Contains(t, stderr, "41 leases written to")
			require.Equal(t, done(t, append([]string{"export", from}, form...)...), contents(t, text))

			require.Equal(t, "41 leases imported into "+db+"; 0 were there already\n", done(t, "import", text, db))
			require.Equal(t, "0 leases imported into "+db+"; 41 were there already\n", done(t, "import", text, db))
			require.Contains(t, done(t, "compare", "-all", from, db), "\nalike\n", family)
			require.Contains(t, done(t, "compare", "-all", text, db), "\nalike\n")
			before, err := lease.ReadFile(from)
			require.NoError(t, err)
			after, err := lease.ReadFile(db)
			require.NoError(t, err)
			for i := range before {
				before[i].Revision, after[i].Revision = 0, 0
			}
			require.Equal(t, before, after)
		}
	}
}

func contents(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}

func TestExportOfNothing(t *testing.T) {
	t.Parallel()
	file := stopped(t)
	_, stderr, status := do(t, "export", file)
	require.Equal(t, failure, status)
	require.Contains(t, stderr, "-family")
	stdout, _, _ := do(t, "export", "-family", "6", file)
	require.True(t, strings.HasPrefix(stdout, "address,duid,"), stdout)
	require.Equal(t, "0 leases\n", done(t, "list", file))
	both := stopped(t, v4(1), v6(1), v6(2))
	require.Contains(t, done(t, "list", "-family", "6", both), "\n2 leases\n")
}

// A lease that no lease file of Kea can have is left out, and named.
func TestExportLeavesOut(t *testing.T) {
	t.Parallel()
	removal := v4(2)
	removal.ValidLft = 0
	stdout, stderr, status := do(t, "export", stopped(t, v4(1), removal))
	require.Zero(t, status)
	require.Equal(t, 2, strings.Count(stdout, "\n"), "the header and a lease")
	require.Contains(t, stderr, "left out: 192.0.2.2, whose lifetime is 0")
}

// What cannot be written as a whole does not take the place of what is there.
func TestOutputIsWhole(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "leases.csv")
	require.NoError(t, os.WriteFile(file, []byte("before"), 0o600))
	_, _, status := do(t, "export", "-o", file, stopped(t)) // the family is not known
	require.Equal(t, failure, status)
	require.Equal(t, "before", contents(t, file))
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestImportKeepsWhatIsLater(t *testing.T) {
	t.Parallel()
	renewed, other := v4(1), v4(2)
	renewed.CLTT += 60
	other.CLTT -= 60
	db := stopped(t, renewed, other)
	from := stopped(t, several(v4, 3)...)
	require.Equal(t, "2 leases imported into "+db+"; 0 were there already; 1 stay as they are, since they are later there (see -replace)\n",
		done(t, "import", from, db))
	after, err := lease.ReadFile(db)
	require.NoError(t, err)
	require.Equal(t, []int64{now + 60, now, now}, []int64{after[0].CLTT, after[1].CLTT, after[2].CLTT})
	_, _, status := do(t, "compare", from, db)
	require.Equal(t, different, status)
	require.Equal(t, "1 lease imported into "+db+"; 2 were there already\n", done(t, "import", "-replace", from, db))
	require.Contains(t, done(t, "compare", from, db), "alike")
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	from, dir := stopped(t, v4(1)), t.TempDir()
	running := filepath.Join(dir, "running.db")
	open(t, running)
	csv := filepath.Join(dir, "leases.csv")
	require.NoError(t, os.WriteFile(csv, []byte(done(t, "export", from)), 0o600))
	for to, why := range map[string]string{
		running:             "stop the server",
		csv:                 "is not the lease file of a failoverd",
		stopped(t, v6(2)):   "has leases of IPv6",
		dir + "/no/such.db": "no such file",
	} {
		_, stderr, status := do(t, "import", from, to)
		require.Equal(t, failure, status, to)
		require.Contains(t, stderr, why)
	}
}

// Rows that Kea would pass over are passed over, and named.
func TestMemfile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kea-leases4.csv")
	text := done(t, "export", stopped(t, several(v4, 3)...)) + "192.0.2.400,,,1,2,3,0,0,,0,,0\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	stdout, stderr, status := do(t, "list", file)
	require.Zero(t, status)
	require.Contains(t, stdout, "\n3 leases\n")
	require.Contains(t, stderr, "left out: "+file+":5: address \"192.0.2.400\"")
	require.NotContains(t, stderr, "what Kea has left")

	open(t, file+".db")
	_, stderr, _ = do(t, "list", file)
	require.Contains(t, stderr, "is what Kea has left; failoverd keeps leases in "+file+".db")
}

func TestCompare(t *testing.T) {
	t.Parallel()
	moved, renewed, gone := v4(3), v4(4), v4(5)
	moved.ClientID, moved.HWAddr, moved.Hostname = []byte{9, 9}, []byte{2, 0, 0, 0, 9, 9}, ""
	renewed.CLTT += 90
	gone.State = lease.Released
	a := stopped(t, v4(1), v4(2), v4(3), v4(4), v4(5))
	b := stopped(t, v4(1), moved, renewed, gone, v4(6))
	stdout, stderr, status := do(t, "compare", a, b)
	require.Equal(t, different, status, stderr)
	was, is := v4(4), renewed
	require.Equal(t, `A  `+a+`: 5 leases
B  `+b+`: 5 leases

only in A
  192.0.2.2  assigned  until `+until(&was)+`  hw-address 02:00:00:00:00:02, client-id 01:02:00:00:00:00:02, hostname host-2

only in B
  192.0.2.6  assigned  until `+until(&was)+`  hw-address 02:00:00:00:00:06, client-id 01:02:00:00:00:00:06, hostname host-6

different in A | in B
  192.0.2.3     hw-address 02:00:00:00:00:03, client-id 01:02:00:00:00:00:03, hostname host-3
    client-id   01:02:00:00:00:00:03 | 09:09
    hw-address  02:00:00:00:00:03 | 02:00:00:00:09:09
    hostname    "host-3" | ""
  192.0.2.4     hw-address 02:00:00:00:00:04, client-id 01:02:00:00:00:00:04, hostname host-4
    expires     `+until(&was)+` | `+until(&is)+`
  192.0.2.5     hw-address 02:00:00:00:00:05, client-id 01:02:00:00:00:00:05, hostname host-5
    state       assigned | released

5 leases not alike: 1 only in A, 1 only in B, 3 different
`, stdout)

	stdout, _, status = do(t, "compare", "-json", a, b)
	require.Equal(t, different, status)
	var result comparisonJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	require.False(t, result.Alike)
	require.Equal(t, sourceJSON{a, 5}, result.A)
	require.Equal(t, []int{1, 1, 3, 0}, []int{result.OnlyA, result.OnlyB, result.Different, result.Ended})
	require.Len(t, result.Differences, 5)
	require.Nil(t, result.Differences[0].B)
	require.Equal(t, []string{"client-id", "hw-address", "hostname"}, result.Differences[1].Fields)
	require.Equal(t, []byte{9, 9}, result.Differences[1].B.ClientID)
	require.Equal(t, "192.0.2.3", result.Differences[1].Address)

	stdout = done(t, "compare", "-json", a, a)
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	require.True(t, result.Alike)
	require.Contains(t, stdout, `"differences": []`)
}

// Leases that nobody holds any more are dropped by each server when it comes to
// it.
func TestCompareEnded(t *testing.T) {
	t.Parallel()
	given, over, reclaimed, declined := v4(2), v4(3), v4(4), v4(5)
	given.State, reclaimed.State, declined.State = lease.Released, lease.ExpiredReclaimed, lease.Declined
	over.CLTT -= 3601
	declined.ClientID, declined.HWAddr = nil, nil
	a := stopped(t, v4(1), given, over, reclaimed, declined)
	b := stopped(t, v4(1), declined)
	stdout := done(t, "compare", a, b)
	require.Contains(t, stdout, "\nalike\nbesides, 3 leases that nobody holds any more (-all shows them)\n")
	_, _, status := do(t, "compare", "-all", a, b)
	require.Equal(t, different, status)

	// But whoever holds an address that is free elsewhere can lose it.
	for _, l := range []lease.Lease{v4(2), v4(3), v4(4)} {
		stdout, _, status := do(t, "compare", a, stopped(t, v4(1), l, declined))
		require.Equal(t, different, status, "%v", l)
		require.Contains(t, stdout, "1 lease not alike: 0 only in A, 0 only in B, 1 different\n")
	}
	_, _, status = do(t, "compare", a, stopped(t, v4(1)))
	require.Equal(t, different, status, "a declined address is kept from use")
}

func TestCompareClocks(t *testing.T) {
	t.Parallel()
	var late []lease.Lease
	for _, l := range several(v4, 3) {
		l.CLTT += 7
		late = append(late, l)
	}
	a := stopped(t, several(v4, 3)...)
	b := stopped(t, late...)
	stdout, _, status := do(t, "compare", a, b)
	require.Equal(t, different, status)
	require.Contains(t, stdout, "all of them end 7s later in B")
	_, _, status = do(t, "compare", "-tolerance", "6s", a, b)
	require.Equal(t, different, status)
	require.Contains(t, done(t, "compare", "-tolerance", "7s", b, a), "alike")
}

// Two servers that run, one by its control socket and one by HTTP, with more
// leases than come in a page.
func TestCompareServers(t *testing.T) {
	t.Parallel()
	for family, of := range map[ctrl.Family]func(int) lease.Lease{ctrl.V4: v4, ctrl.V6: v6} {
		all := several(of, 2*pageSize+500)
		one, two := open(t, t.TempDir()+"/one.db", all...), open(t, t.TempDir()+"/two.db", all...)
		socket, _ := serving(t, one, family)
		_, mux := serving(t, two, family)
		web := httptest.NewServer(mux)
		defer web.Close()
		require.Equal(t, fmt.Sprintf("A  %s: 2500 leases\nB  %s: 2500 leases\n\nalike\n", socket, web.URL), done(t, "compare", socket, web.URL))

		put(t, two, of(3000))
		stdout, _, status := do(t, "compare", "-pause", "1ms", "unix:"+socket, web.URL)
		require.Equal(t, different, status)
		require.Contains(t, stdout, "1 lease not alike: 0 only in A, 1 only in B")
	}
}

// A server that has lost all its leases does not tell of which family they
// were: Kea's of DHCPv6 knows the commands for DHCPv4, too.
func TestCompareWithServerWithoutLeases(t *testing.T) {
	t.Parallel()
	for family, of := range map[ctrl.Family]func(int) lease.Lease{ctrl.V4: v4, ctrl.V6: v6} {
		one, two := open(t, t.TempDir()+"/one.db", several(of, 7)...), open(t, t.TempDir()+"/two.db")
		socket, mux := serving(t, one, family)
		ctrl.HandleLeases(mux, ctrl.V4+ctrl.V6-family, two, two, nil)
		empty, mux := serving(t, two, ctrl.V4)
		ctrl.HandleLeases(mux, ctrl.V6, two, two, nil)
		stdout, _, status := do(t, "compare", "-pause", "1ms", empty, socket)
		require.Equal(t, different, status)
		require.Contains(t, stdout, "7 leases not alike: 0 only in A, 7 only in B")
		require.Equal(t, "0 leases\n", done(t, "list", empty))
	}
}

// What a server has not yet been told of by its partner is no difference.
func TestCompareLooksAgain(t *testing.T) {
	t.Parallel()
	for _, late := range []int{1, enough} {
		one, two := open(t, t.TempDir()+"/one.db", several(v4, 1500)...), open(t, t.TempDir()+"/two.db", several(v4, 1500-late)...)
		socket, _ := serving(t, one, ctrl.V4)
		other, mux := serving(t, two, ctrl.V4)
		page := mux.Handler("lease4-get-page")
		var lists atomic.Int32
		mux.Handle("lease4-get-page", func(ctx context.Context, args json.RawMessage) ctrl.Response {
			response := page(ctx, args)
			// At the end of the first list the rest comes.
			if response.Result == ctrl.Empty && lists.Add(1) == 1 {
				put(t, two, several(v4, 1500)...)
			}
			return response
		})
		require.Contains(t, done(t, "compare", "-pause", "1ms", socket, other), "\nalike\n")
	}
}

// A configuration stands for the server, if it runs, and else for its file.
func TestConfigured(t *testing.T) {
	t.Parallel()
	for _, of := range []func(int) lease.Lease{v4, v6} {
		dir := t.TempDir()
		family := familyOf(mapOf([]lease.Lease{of(1)}))
		file := filepath.Join(dir, "leases.csv.db")
		store := open(t, file, several(of, 3)...)
		socket, _ := serving(t, store, family)
		config := filepath.Join(dir, "conf")
		text := fmt.Sprintf(`{"Dhcp%d": { // Kea's
			"control-socket": {"socket-type": "unix", "socket-name": %q},
			"lease-database": {"type": "memfile", "name": %q}}}`, family, socket, filepath.Join(dir, "leases.csv"))
		require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
		require.Contains(t, done(t, "list", config), "\n3 leases\n")
		_, stderr, status := do(t, "list", file)
		require.Equal(t, failure, status)
		require.Contains(t, stderr, "a server runs on it")

		require.NoError(t, os.Remove(socket))
		_, stderr, status = do(t, "list", config)
		require.Equal(t, failure, status, "it runs, but does not answer")
		require.Contains(t, stderr, "a server runs on it")
		require.NoError(t, store.Close())
		stdout, stderr, status := do(t, "list", config)
		require.Zero(t, status, stderr)
		require.Contains(t, stdout, "\n3 leases\n")
		require.Contains(t, stderr, "no server answers")

		csv := done(t, "export", file)
		require.NoError(t, os.Remove(file))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "leases.csv"), []byte(csv), 0o600))
		stdout, _, _ = do(t, "list", config)
		require.Contains(t, stdout, "\n3 leases\n", "Kea's")
	}
}

func TestServerRefuses(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(ctrl.NewMux())
	defer web.Close()
	_, stderr, status := do(t, "list", web.URL)
	require.Equal(t, failure, status)
	require.Contains(t, stderr, "lease4-get-page")
	require.Contains(t, stderr, "libdhcp_lease_cmds")
	_, stderr, _ = do(t, "list", "-family", "6", web.URL)
	require.NotContains(t, stderr, "lease4-get-page")

	// A server whose pages do not go on is no reason to ask for ever.
	mux := ctrl.NewMux()
	mux.Handle("lease4-get-page", func(context.Context, json.RawMessage) ctrl.Response {
		return ctrl.Response{Arguments: &ctrl.LeaseList{Leases: []lease.Lease{v4(1)}}}
	})
	endless := httptest.NewServer(mux)
	defer endless.Close()
	_, stderr, status = do(t, "list", endless.URL)
	require.Equal(t, failure, status)
	require.Contains(t, stderr, "do not come behind it")

	// A user and a password; neither the url nor an error shows the password.
	store := open(t, t.TempDir()+"/leases.db", v4(1))
	_, mux = serving(t, store, ctrl.V4)
	guarded := httptest.NewServer(&ctrl.HTTPServer{Mux: mux, Auth: &ctrl.BasicAuth{Users: map[string]string{"admin": "secret"}}})
	defer guarded.Close()
	with := func(user string) string { return strings.Replace(guarded.URL, "://", "://"+user+"@", 1) }
	require.Contains(t, done(t, "list", with("admin:secret")), "1 lease\n")
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("secret\n"), 0o600))
	require.Contains(t, done(t, "list", "-password-file", password, with("admin")), "1 lease\n")
	_, stderr, status = do(t, "list", with("admin:wrong1"))
	require.Equal(t, failure, status)
	require.NotContains(t, stderr, "wrong1")
	require.NotContains(t, done(t, "compare", with("admin:secret"), with("admin:secret")), "secret")
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"show"}, {"list"}, {"list", "-what", "x"}, {"export"}, {"export", "a", "b"}, {"import", "a"}, {"compare", "a"}, {"compare", "a", "b", "c"}, {"list", "-family", "5", "a"},
	} {
		_, stderr, status := do(t, args...)
		require.Equal(t, misuse, status, "%q", args)
		require.Contains(t, stderr, "Usage of failoverd leases", "%q", args)
	}
	for _, args := range [][]string{{"-h"}, {"help"}, {"list", "-h"}} {
		_, stderr, status := do(t, args...)
		require.Zero(t, status)
		require.Contains(t, stderr, "Usage of failoverd leases")
	}
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte(`{"what": []}`), 0o600))
	require.NoError(t, os.WriteFile(text+".db", []byte(`x`), 0o600))
	for name, why := range map[string]string{
		dir:                  "is a directory",
		text:                 `nor has it a list "leases"`,
		dir + "/none":        "no such file",
		text + ".db.db":      "but there is " + text + ".db",
		"unix:" + dir + "/s": "no such file",
	} {
		_, stderr, status := do(t, "compare", name, name)
		require.Equal(t, trouble, status, name)
		require.Contains(t, stderr, why, name)
	}
	_, stderr, status := do(t, "compare", stopped(t, v4(1)), stopped(t, v6(1)))
	require.Equal(t, trouble, status)
	require.Contains(t, stderr, "has leases of IPv4, and")
}
