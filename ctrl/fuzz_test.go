package ctrl

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/lease"
)

func addRecorded(f *testing.F, member string) {
	f.Helper()
	for _, name := range []string{"kea-admin4.jsonl", "kea-admin6.jsonl", "kea-statistics.jsonl"} {
		text, err := os.ReadFile("testdata/" + name)
		require.NoError(f, err)
		n := 0
		for line := range bytes.Lines(text) {
			var rec map[string]json.RawMessage
			require.NoError(f, json.Unmarshal(line, &rec))
			if n++; n%4 == 0 {
				f.Add([]byte(rec[member]))
			}
		}
	}
}

// valueOf is what JSON means, with numbers as they are written.
func valueOf(t *testing.T, raw json.RawMessage) (v any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return v
}

// A body is refused, or it is a command whose every byte was understood.
func FuzzParseRequest(f *testing.F) {
	addRecorded(f, "request")
	f.Add([]byte(`{"command":"\u00e9","arguments":{"a":"\u00ff"},"remote-address":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := ParseRequest(body)
		if err != nil {
			require.Nil(t, req)
			return
		}
		again, err := json.Marshal(map[string]any{
			"command": json.RawMessage(keatext.Quote(nil, req.Command)), "arguments": req.Arguments,
		})
		if req.Arguments == nil {
			again, err = json.Marshal(map[string]any{"command": json.RawMessage(keatext.Quote(nil, req.Command))})
		}
		require.NoError(t, err)
		same, err := ParseRequest(keatext.Encode(again))
		require.NoError(t, err)
		require.Equal(t, req.Command, same.Command)
		require.Equal(t, req.Arguments == nil, same.Arguments == nil)
		if req.Arguments != nil && utf8.Valid(body) {
			require.Equal(t, valueOf(t, req.Arguments), valueOf(t, same.Arguments))
		}
	})
}

// A response is refused, or what was understood of it, written as a server does,
// is understood again.
func FuzzParseReply(f *testing.F) {
	addRecorded(f, "response")
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, bare := range []bool{false, true} {
			reply, err := parseReply(body, bare)
			if err != nil {
				require.ErrorIs(t, err, ErrReply)
				continue
			}
			if reply.Arguments != nil {
				require.True(t, json.Valid(reply.Arguments))
			}
			reply.err()
			r := Response{Result: reply.Result, Text: reply.Text}
			if reply.Arguments != nil {
				r.Arguments = reply.Arguments
			}
			again, err := r.appendTo(nil)
			require.NoError(t, err)
			same, err := parseReply(again, true)
			require.NoError(t, err)
			require.Equal(t, reply.Result, same.Result)
			require.Equal(t, reply.Text, same.Text)
			require.Equal(t, reply.Arguments == nil, same.Arguments == nil)
			if reply.Arguments != nil && utf8.Valid(body) {
				require.Equal(t, valueOf(t, reply.Arguments), valueOf(t, same.Arguments))
			}
		}
	})
}

// FuzzAnswer is what a server may answer a client, below JSON.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		withLength(`[{"result":0}]`),
		withLength(`[{"result":0}]`) + "HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n" + withLength(`[{"result":0}]`),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
		"HTTP/1.0 401 Unauthorized\r\nContent-Length: 99\r\n\r\n{",
		"HTTP/1.1 204 No Content\r\n\r\n",
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		const limit = 1000
		conn := &clientConn{Conn: &cannedConn{answer: bytes.NewReader(answer)}}
		body, keep, err := conn.exchange([]byte("x"), limit)
		require.LessOrEqual(t, len(body), limit)
		require.False(t, keep && err != nil)
	})
}

// cannedConn is a connection to a server that answers always the same.
type cannedConn struct {
	net.Conn
	answer io.Reader
}

func (c *cannedConn) Read(p []byte) (int, error)  { return c.answer.Read(p) }
func (c *cannedConn) Write(p []byte) (int, error) { return len(p), nil }

// Whatever the arguments of a command are, it answers, and what it answers is
// what Kea can read.
func FuzzCommands(f *testing.F) {
	addRecorded(f, "request")
	f.Add([]byte(`{"command": "stat-lease6-get", "arguments": {"subnet-range": {"first-subnet-id": 1, "last-subnet-id": 2}}}`))
	// In memory only: what is committed is thrown away.
	mux := NewMux()
	store := openFuzzStore(f)
	HandleLeases(mux, V4, store, discard{}, subnetList{subnet(1, "10.77.0.0/16")})
	HandleLeases(mux, V6, store, discard{}, subnetList{subnet(1, "fd77::/64")})
	HandleService(mux, V4, new(Service))
	HandleStats(mux, new(Stats))
	HandleLeaseStats(mux, V6, store, new(Stats), subnetList{subnet(1, "fd77::/64")})
	f.Fuzz(func(t *testing.T, body []byte) {
		w := post(mux, string(body))
		require.NotEqual(t, http.StatusInternalServerError, w.Code, "%s", body)
		answer := w.Body.Bytes()
		require.Equal(t, -1, bytes.IndexFunc(answer, func(r rune) bool { return r < ' ' || r > '~' }))
		_, err := keatext.Decode(answer)
		require.NoError(t, err)
		_, err = parseReply(answer, false)
		require.NoError(t, err)
	})
}

// Nesting is bounded where JSON is read, not where the stack ends.
func TestDeepNesting(t *testing.T) {
	t.Parallel()
	deep := `{"command":"list-commands","arguments":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + "}"
	require.Equal(t, http.StatusBadRequest, post(NewMux(), deep).Code)
	_, err := parseReply([]byte(strings.Repeat("[", 1<<20)+strings.Repeat("]", 1<<20)), false)
	require.ErrorIs(t, err, ErrReply)
}

// Bytes that are no HTTP are answered or not, and the next connection is.
func TestGarbage(t *testing.T) {
	t.Parallel()
	address := serveTCP(t, &HTTPServer{Mux: heartbeatMux()})
	for _, garbage := range []string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", // TLS
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n",
		strings.Repeat("\r\n", 1000),
		strings.Repeat("\x00", 10000),
		heartbeat[:20],
	} {
		conn := dialTCP(t, address)
		io.WriteString(conn, garbage)
		conn.CloseWrite()
		answer, _ := io.ReadAll(conn)
		require.NotContains(t, string(answer), "200 OK", "%q", garbage)
		conn.Close()
	}
	conn := dialTCP(t, address)
	defer conn.Close()
	io.WriteString(conn, heartbeat)
	require.Equal(t, 200, readAnswer(t, conn).StatusCode)
}

// TestHalfClosed: who closes its half after a request still gets the answer.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	conn := dialTCP(t, serveTCP(t, &HTTPServer{Mux: heartbeatMux()}))
	defer conn.Close()
	io.WriteString(conn, heartbeat)
	conn.CloseWrite()
	require.Equal(t, 200, readAnswer(t, conn).StatusCode)
	requireClosed(t, conn)
}

// Requests that come at once are answered one after another.
func TestPipelined(t *testing.T) {
	t.Parallel()
	conn := dialTCP(t, serveTCP(t, &HTTPServer{Mux: heartbeatMux()}))
	defer conn.Close()
	io.WriteString(conn, heartbeat+heartbeat)
	conn.CloseWrite()
	answers, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(answers), "200 OK"))
}

// discard takes all changes and keeps none.
type discard struct{}

func (discard) Commit(context.Context, ...lease.Change) error { return nil }

func openFuzzStore(f *testing.F) *lease.Store {
	f.Helper()
	store, err := lease.Open(filepath.Join(f.TempDir(), "leases.db"), nil)
	require.NoError(f, err)
	f.Cleanup(func() { store.Close() })
	return store
}

func dialTCP(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	return conn.(*net.TCPConn)
}
