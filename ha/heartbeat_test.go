package ha

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// readAnyway are answers that Kea does not read, for their form alone, and that
// say what they mean.
var readAnyway = map[string]bool{
	"chunked": true,
	"no Content-Length, connection closed after": true,
	"no reason phrase":                           true,
	"no reason phrase, no space":                 true,
}

// A heartbeat that a real Kea took is taken, with the same state and scopes,
// and one that it did not take is not.
func TestHeartbeatAnswersAsTakenByKea(t *testing.T) {
	t.Parallel()
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		for _, line := range recorded(t, fmt.Sprintf("v%d-answer-variants.heartbeats.jsonl", family)) {
			var row struct {
				Variant  string
				Answered []string
				Taken    bool
				State    string   `json:"last-state"`
				Scopes   []string `json:"last-scopes"`
			}
			require.NoError(t, json.Unmarshal(line, &row))
			t.Run(fmt.Sprintf("v%d %s", family, row.Variant), func(t *testing.T) {
				t.Parallel()
				d := newNode(t, nil, Options{Family: family}, pairConfig(HotStandby, "server1"))
				d.cfgs[0].Peers[0].URL, d.cfgs[0].Peers[1].URL = "http://127.0.0.1:1/", "http://"+answering(t, row.Answered)+"/"
				d.cfgs[0].MaxResponseDelay = new(uint32(1000))
				var err error
				d.store, err = lease.Open(d.path, nil)
				require.NoError(t, err)
				defer d.store.Close()
				d.Service, err = New(d.cfgs, d.store, nil)
				require.NoError(t, err)
				a, err := d.relationships[0].partner.ask(t.Context())
				if readAnyway[row.Variant] {
					row.Taken, row.State, row.Scopes = true, "syncing", nil
				}
				row.Taken = row.Taken || row.Variant == "state unavailable" // it was, which is what is recorded of the others
				require.Equal(t, row.Taken, err == nil, "%v", err)
				if row.Taken {
					require.Equal(t, row.State, a.State.String())
					if len(row.Scopes) > 0 || len(a.Scopes) > 0 {
						require.Equal(t, row.Scopes, a.Scopes)
					}
					require.False(t, a.Ours)
				}
			})
		}
	}
}

// answering returns the address of a server that answers a request with these
// octets.
func answering(t *testing.T, answer []string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		for _, part := range answer {
			switch {
			case part == "no answer":
				io.Copy(io.Discard, conn)
			case part == "connection closed", strings.HasPrefix(part, "pause"):
			default:
				var octets []byte // recorded as Latin-1
				for _, r := range part {
					octets = append(octets, byte(r))
				}
				conn.Write(octets)
			}
		}
		if strings.Contains(strings.Join(answer, ""), "Content-Length") {
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
		}
	}()
	return listener.Addr().String()
}

// What one server says of itself the other reads.
func TestHeartbeatRoundTrip(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 4, 18, 47, 123e6, time.FixedZone("", 3600))
	a := account{
		report:   report{State: StatePartnerDown, Scopes: []string{"server1", "s\xe9rver2"}, Unsent: 7, Ours: true, StoreFailed: true},
		now:      now,
		position: &lease.Position{Epoch: 1<<64 - 1, Revision: 9},
		digest:   "abc",
	}
	text, err := json.Marshal(a.response().Arguments)
	require.NoError(t, err)
	require.Contains(t, string(text), `"date-time":"Sun, 22 Nov 2026 03:18:47 GMT"`)
	got, err := parseHeartbeat(text)
	require.NoError(t, err)
	require.True(t, got.Time.Equal(now.Truncate(time.Second)))
	require.True(t, got.now.Equal(now))
	require.Equal(t, a.position, got.position)
	require.Equal(t, "abc", got.digest)
	require.True(t, got.Ours && got.StoreFailed && got.HasUnsent)
	require.Equal(t, uint64(7), got.Unsent)
	require.Equal(t, StatePartnerDown, got.State)
}

// Members of the extension that are not as expected do no more harm than
// missing ones.
func TestHeartbeatExtensionMalformed(t *testing.T) {
	t.Parallel()
	const kea = `"date-time": "Sun, 22 Nov 2026 04:18:47 GMT", "state": "waiting"`
	for extension, ours := range map[string]bool{
		``:                                 false,
		`, "extensions": []`:               false,
		`, "extensions": "changes-2"`:      false,
		`, "extensions": ["changes-1", 1]`: false,
		`, "extensions": [1, "changes-2"]`: true,
		`, "extensions": ["changes-2"], "position": 7, "now": "x", "store-failed": 1, "config-digest": []`:       true,
		`, "extensions": ["changes-2"], "position": {"epoch": "xyz", "revision": 1}`:                             true,
		`, "extensions": ["changes-2"], "position": {"epoch": "1", "revision": -1}, "store-failed": "true"`:      true,
		`, "extensions": ["changes-2"], "position": {"epoch": "10000000000000000", "revision": 1}, "now": 1.5e3`: true,
	} {
		got, err := parseHeartbeat([]byte("{" + kea + extension + "}"))
		require.NoError(t, err, extension)
		require.Equal(t, ours, got.Ours, extension)
		require.Nil(t, got.position, extension)
		require.False(t, got.StoreFailed, extension)
	}
}

func FuzzParseHeartbeat(f *testing.F) {
	f.Add([]byte(`{"date-time": "Sun, 22 Nov 2026 04:18:47 GMT", "scopes": ["server1"], "state": "waiting", "unsent-update-count": 3,
		"extensions": ["changes-2"], "now": 1795321127000, "position": {"epoch": "a1", "revision": 7}, "store-failed": true, "config-digest": "x"}`))
	f.Add([]byte(`{"date-time": "Sun, 22 Nov 2026 04:18:47 GMT", "state": "unavailable"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := parseHeartbeat(text)
		if err != nil {
			return
		}
		if int64(a.Unsent) < 0 {
			return // nobody has so many, and Kea's integers are signed
		}
		// What was understood is said, and understood, again.
		a.now = a.Time
		again, err := json.Marshal(a.response().Arguments)
		require.NoError(t, err)
		b, err := parseHeartbeat(again)
		require.NoError(t, err)
		require.Equal(t, a.State, b.State)
		require.Equal(t, a.Unsent, b.Unsent)
		require.True(t, a.Time.Equal(b.Time))
		require.Equal(t, a.Ours, b.Ours)
		if bytes.ContainsFunc(text, func(r rune) bool { return r > '~' || r == '\\' }) {
			return // other characters may be written in several ways
		}
		require.Equal(t, a.Scopes, b.Scopes)
		if a.Ours {
			require.Equal(t, a.position, b.position)
			require.Equal(t, a.StoreFailed, b.StoreFailed)
			require.Equal(t, a.digest, b.digest)
		}
	})
}
