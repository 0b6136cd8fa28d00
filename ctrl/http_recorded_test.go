package ctrl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// readRecorded reads a file of exchanges that were recorded with Kea 2.2.0.
func readRecorded[T any](t *testing.T, name string) []T {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	var all []T
	for line := range bytes.Lines(text) {
		var one T
		require.NoError(t, json.Unmarshal(line, &one), "%s", line)
		all = append(all, one)
	}
	require.NotEmpty(t, all)
	return all
}

// heartbeatMux answers ha-heartbeat as the recorded server did.
func heartbeatMux() *Mux {
	mux := NewMux()
	mux.Handle("ha-heartbeat", func(context.Context, json.RawMessage) Response {
		return Response{Text: "HA peer status returned.", Arguments: map[string]any{
			"date-time": "Sun, 22 Nov 2026 04:33:30 GMT", "scopes": []string{"server1"},
			"state": "hot-standby", "unsent-update-count": 0,
		}}
	})
	mux.Handle("lease4-get-page", func(_ context.Context, raw json.RawMessage) Response {
		return Errorf("get(string) called on a non-map Element")
	})
	return mux
}

// serveTCP runs a server on loopback for as long as the test runs.
func serveTCP(t *testing.T, s *HTTPServer) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	runServer(t, listener, s.Serve)
	return listener.Addr().String()
}

// runServer ends the server with the test and checks how it ended.
func runServer(t *testing.T, listener net.Listener, serve func(context.Context, net.Listener) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

// Requests that Kea was sent raw are answered as Kea answered them: the same
// status, headers and body.
func TestHTTPAsRecorded(t *testing.T) {
	t.Parallel()
	// Cases in which we differ, and why.
	different := map[string]string{
		"headers with LF only": "net/http reads them; nothing is gained by refusing",
	}
	type recorded struct {
		Case     string
		Send     string
		Fill     int
		Status   int
		Reason   string
		Headers  map[string]string
		Response json.RawMessage
	}
	address := serveTCP(t, &HTTPServer{Mux: heartbeatMux()})
	for _, rec := range readRecorded[recorded](t, "kea-http.jsonl") {
		t.Run(rec.Case, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer conn.Close()
			send := strings.Replace(rec.Send, "FILL", strings.Repeat("x", rec.Fill), 1)
			_, err = conn.Write([]byte(send))
			require.NoError(t, err)
			request := &http.Request{Method: strings.SplitN(send, " ", 2)[0]}
			resp, err := http.ReadResponse(bufio.NewReader(conn), request)
			require.NoError(t, err)
			var body bytes.Buffer
			_, err = body.ReadFrom(resp.Body)
			require.NoError(t, err)

			if why, ok := different[rec.Case]; ok {
				require.NotEqual(t, rec.Status, resp.StatusCode, "no longer different: %s", why)
				return
			}
			require.Equal(t, fmt.Sprintf("%d %s", rec.Status, rec.Reason), resp.Status)
			names := make(map[string]string)
			for name := range resp.Header {
				names[name] = resp.Header.Get(name)
			}
			_, err = time.Parse(http.TimeFormat, names["Date"])
			require.NoError(t, err)
			names["Date"] = rec.Headers["Date"]
			want := bytes.ReplaceAll(rec.Response, []byte("04:33:31"), []byte("04:33:30"))
			switch {
			case rec.Case == "HEAD": // our client does not read what must not be there
			case rec.Case == "arguments a string": // Kea adds where in the message
				require.Contains(t, string(want), "get(string) called on a non-map Element")
			default:
				require.Equal(t, rec.Headers, names)
				require.JSONEq(t, withoutDates(want), withoutDates(body.Bytes()))
			}
		})
	}
}

// withoutDates makes heartbeats of different seconds equal.
func withoutDates(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return string(body)
	}
	if list, ok := v.([]any); ok {
		if args, ok := list[0].(map[string]any)["arguments"].(map[string]any); ok {
			args["date-time"] = ""
		}
	}
	out, _ := json.Marshal(v)
	return string(out)
}

// With restrict-commands the same commands are forbidden as on Kea's dedicated
// listener, before anybody asks whether there are such.
func TestRestrictedAsRecorded(t *testing.T) {
	t.Parallel()
	type recorded struct {
		Request  struct{ Command string }
		Status   int
		Response json.RawMessage
	}
	all := readRecorded[recorded](t, "kea-restricted.jsonl")
	var accept []string
	for _, rec := range all {
		if rec.Status == http.StatusOK {
			accept = append(accept, rec.Request.Command)
		}
	}
	server := &HTTPServer{Mux: NewMux(), Accept: accept}
	forbidden := 0
	for _, rec := range all {
		a := post(server, fmt.Sprintf(`{"command":%q}`, rec.Request.Command))
		require.Equal(t, rec.Status, a.Code, rec.Request.Command)
		if rec.Status != http.StatusOK {
			forbidden++
			require.JSONEq(t, string(rec.Response), a.Body.String())
		}
	}
	require.Equal(t, 12, forbidden)
	require.True(t, slices.Contains(accept, "ha-heartbeat"))
}
