package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// Whatever is sent to it, failoverd goes on serving, and needs no more memory
// for it.
func TestMalformed(t *testing.T) {
	// Some of what is sent is well-formed and gets leases, but only so many.
	// Who sends well-formed queries only has a reservation.
	hw := net.HardwareAddr{2, 0xaa, 0, 0, 0, 1}
	t.Run("DHCPv4", func(t *testing.T) {
		t.Parallel()
		spoil(t, &spoiling{
			subnets: fmt.Sprintf(`"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "relay": {"ip-addresses": ["127.0.0.1"]},
				"pools": [{"pool": "10.0.0.1 - 10.0.0.200"}],
				"reservations": [{"hw-address": %q, "ip-address": "10.0.1.1"}]}],`, hw),
			queries: recorded(t, "testdata/queries.hex"), malformed: malformed,
			received: "pkt4-received",
			enter: func(server netip.AddrPort) (place, func(context.Context) error) {
				r, ack := testnet.NewRelayed(t, server), (*dhcpv4.DHCPv4)(nil)
				return r, func(ctx context.Context) (err error) {
					if ack == nil {
						ack, err = r.Lease(ctx, hw)
					} else {
						ack, err = r.Renew(ctx, ack)
					}
					if err == nil && ack.YourIPAddr.String() != "10.0.1.1" {
						err = errors.New(ack.Summary())
					}
					return err
				}
			},
		})
	})
	t.Run("DHCPv6", func(t *testing.T) {
		t.Parallel()
		spoil(t, &spoiling{
			subnets: fmt.Sprintf(`"subnet6": [{"id": 1, "subnet": "2001:db8::/64", "relay": {"ip-addresses": ["::1"]},
				"pools": [{"pool": "2001:db8::1:0/120"}], "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56}],
				"reservations": [{"duid": %q, "ip-addresses": ["2001:db8::1"]}]}],`, net.HardwareAddr(testnet.Client6(hw).ToBytes())),
			queries: recorded(t, "testdata/queries6.hex"), malformed: malformed6,
			received: "pkt6-received",
			enter: func(server netip.AddrPort) (place, func(context.Context) error) {
				r, reply := testnet.NewRelayed6(t, server), (*dhcpv6.Message)(nil)
				return r, func(ctx context.Context) (err error) {
					if reply == nil {
						reply, err = r.Lease(ctx, testnet.Client6(hw), &dhcpv6.OptIANA{IaId: [4]byte{1}})
					} else {
						reply, err = r.Renew(ctx, reply)
					}
					if err == nil && prefixes(reply) != "2001:db8::1/128" {
						err = errors.New(reply.Summary())
					}
					return err
				}
			},
		})
	})
}

// place is where packets are sent from.
type place interface{ Send(packet []byte) }

// spoiling is what differs between the families in what [spoil] does.
type spoiling struct {
	subnets   string
	queries   [][]byte
	malformed func(r *rand.Rand, queries [][]byte) []byte
	received  string // the statistic
	// enter returns a place, and what gets a lease there, or renews it.
	enter func(server netip.AddrPort) (place, func(context.Context) error)
}

func spoil(t *testing.T, s *spoiling) {
	const rounds, packets = 5, 20_000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	// With GOGC=10 a heap takes little more than what is in use.
	p, server := startLocal(t, `"valid-lifetime": 3600,`+s.subnets, "GOGC=10")
	ctx := within(t, 3*time.Minute)

	_, served := s.enter(server)
	require.NoError(t, served(ctx))
	spoiler, again := s.enter(server)
	commands := badCommands(ctx, p)
	limit := usage{memory: 1 << 30, files: p.usage().files}
	for round := range rounds {
		before := statistic(ctx, t, p.socket, s.received)
		for n := range packets {
			spoiler.Send(s.malformed(r, s.queries))
			if n%25 > 0 {
				continue // so few wait that none is lost for want of room
			}
			require.NoError(t, served(ctx), "round %d, packet %d", round, n)
		}
		require.Greater(t, statistic(ctx, t, p.socket, s.received)-before, packets*99/100, "they have not arrived")
		for _, c := range commands {
			p.misuse(c, r)
			p.command(ctx, "version-get", nil)
		}
		p.crowd(ctx, 200)
		// Memory that is no longer in use is given back after a while.
		testnet.Until(within(t, 30*time.Second), t, "memory and files are as before", func() error {
			if now := p.usage(); now.memory > limit.memory || now.files > limit.files {
				return fmt.Errorf("%v instead of at most %v after round %d", now, limit, round+1)
			}
			return served(ctx) // collects garbage
		})
		now := p.usage()
		t.Logf("after round %d: %v", round+1, now)
		if round == 1 {
			limit.memory = now.memory + growth()
		}
	}
	require.NoError(t, again(ctx))

	// It ends with a list of what it is doing: little more than the workers
	// that stay for the next query.
	p.Signal("QUIT")
	_ = p.Wait(ctx)
	goroutines := strings.Count(p.Output(), "\ngoroutine ")
	t.Logf("%d goroutines in the end", goroutines)
	require.NotZero(t, goroutines)
	require.Less(t, goroutines, 120, p.Output())
}

// growth is how much more memory a process may take in the long run, in bytes.
func growth() int64 {
	const room = 8 << 20
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return 5 * room // the race detector keeps four bytes for each that was ever used
	}
	return room
}

// usage is what a process holds.
type usage struct {
	memory int64 // bytes that are not in a file
	files  int
}

func (p *program) usage() usage {
	p.t.Helper()
	if runtime.GOOS != "linux" {
		return usage{}
	}
	proc := fmt.Sprintf("/proc/%d/", p.PID())
	open, err := os.ReadDir(filepath.Join(proc, "fd"))
	require.NoError(p.t, err)
	u := usage{files: len(open)}
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	require.NoError(p.t, err)
	_, rest, _ := strings.Cut(string(status), "\nRssAnon:")
	_, err = fmt.Sscan(rest, &u.memory)
	require.NoError(p.t, err, string(status))
	u.memory <<= 10
	return u
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f MB, %d files", float64(u.memory)/1e6, u.files)
}

// badCommands returns what a control socket should not be sent.
func badCommands(ctx context.Context, p *program) [][]byte {
	p.t.Helper()
	bad := [][]byte{
		nil, []byte("{"), []byte("}"), []byte("null"), []byte("5"), []byte(`"list-commands"`), {0}, {0xff, 0xfe, 0xfd},
		[]byte(`{"command": "version-get"`), []byte(`{"command": "version-get",}`), []byte(`{"command": 'version-get'}`),
		[]byte(`{"command": 5}`), []byte(`{"command": ["version-get"]}`), []byte(`{"command": ""}`), []byte(`{"command": null}`),
		[]byte(`{"command": "` + strings.Repeat("x", 1<<20) + `"}`), []byte(`{"command": "version-get", "service": 7}`),
		[]byte("{\"command\": \"" + p.named("lease%d-get") + "\", \"arguments\": {\"ip-address\": \"\xff\xfe\"}}"),
		bytes.Repeat([]byte("["), 1<<20), bytes.Repeat([]byte(`{"a":`), 1<<18), bytes.Repeat([]byte(" "), 17<<20),
		[]byte(`{"command": "` + strings.Repeat("x", 17<<20)), []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
	}
	var known []string
	require.NoError(p.t, json.Unmarshal(p.command(ctx, "list-commands", nil), &known))
	for _, command := range known {
		switch command {
		case "shutdown", "dhcp-disable", "lease4-wipe", "lease6-wipe", "statistic-remove", "statistic-remove-all":
			continue // some run whatever their arguments, and would end the test
		}
		for _, arguments := range []string{
			`5`, `"x"`, `[]`, `[[[1]]]`, `{"": {}}`, `{"ip-address": []}`, `{"ip-address": "10.0.0.300", "hw-address": "x", "duid": "x"}`,
			`{"subnet-id": -1}`, `{"subnet-id": 1e300}`, `{"subnets": [true]}`, `{"name": {}, "value": []}`,
			`{"identifier-type": 5, "identifier": "zz"}`, `{"from": 0, "limit": -1}`, `{"from": "start", "limit": 18446744073709551616}`,
		} {
			bad = append(bad, fmt.Appendf(nil, `{"command": %q, "arguments": %s}`, command, arguments))
		}
	}
	return bad
}

// misuse sends a command over a connection of its own, which it may close
// early, wholly or half. The answer is of no interest.
func (p *program) misuse(command []byte, r *rand.Rand) {
	conn, err := net.Dial("unix", p.socket)
	require.NoError(p.t, err)
	defer conn.Close()
	_, _ = conn.Write(command) // may be cut off: it need not all be read
	switch r.IntN(3) {
	case 0: // it may never come to an answer
	case 1:
		_ = conn.(*net.UnixConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	case 2:
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) // it may wait for more
		_, _ = io.Copy(io.Discard, conn)
	}
}

// crowd runs a command while many others have begun one and do not go on.
func (p *program) crowd(ctx context.Context, n int) {
	p.t.Helper()
	for i := range n {
		conn, err := net.Dial("unix", p.socket)
		require.NoError(p.t, err)
		defer conn.Close()
		_, err = conn.Write([]byte(`{"command": "version-get", "arguments": `)[:i%40])
		require.NoError(p.t, err)
	}
	p.command(ctx, "version-get", nil)
}
