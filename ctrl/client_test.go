package ctrl

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// standIn is a server that gives every request the same answer, raw, and
// closes if that has no length.
func standIn(t *testing.T, answer string) (url string, requests chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	requests = make(chan string, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			req, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				body, _ := io.ReadAll(req.Body)
				requests <- string(body)
				io.WriteString(conn, answer)
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return "http://" + listener.Addr().String() + "/", requests
}

func withLength(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// How Kea's HA reads answers, by commands.md section 3 and by answers that a
// real Kea was given.
func TestClientReadsReplies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   string
		result int    // of the reply
		code   int    // of the error; 0: none
		err    error  // besides a result
		text   string // of the reply or the error
	}{
		"success":             {body: `[{"result":0,"text":"ok"}]`, text: "ok"},
		"no text":             {body: `[{"result":0}]`},
		"two answers":         {body: `[{"result":0,"text":"first"},{"result":1,"text":"second"}]`, text: "first"},
		"error":               {body: `[{"result":1,"text":"no"}]`, result: 1, code: 1, text: "no"},
		"unsupported":         {body: `[{"result":2,"text":"no"}]`, result: 2, code: 2, text: "no"},
		"empty":               {body: `[{"result":3,"text":"none"}]`, result: 3, text: "none"},
		"conflict":            {body: `[{"result":4,"text":"no"}]`, result: 4, code: 4, text: "no"},
		"another":             {body: `[{"result":1001,"text":"no"}]`, result: 1001, code: 1001, text: "no"},
		"an object":           {body: `{"result":0,"text":"ok"}`, result: 1, code: 1, text: "ok"},
		"refused":             {body: `{"result":403,"text":"Forbidden"}`, result: 1, code: 1, text: "Forbidden"},
		"nothing":             {body: ``, err: ErrReply},
		"no JSON":             {body: `nonsense`, err: ErrReply},
		"text after it":       {body: `[{"result":0}] x`, err: ErrReply},
		"empty list":          {body: `[]`, err: ErrReply},
		"list of lists":       {body: `[[]]`, err: ErrReply},
		"a text":              {body: `"ok"`, err: ErrReply},
		"null":                {body: `null`, err: ErrReply},
		"no result":           {body: `[{"text":"ok"}]`, err: ErrReply},
		"result null":         {body: `[{"result":null}]`, err: ErrReply},
		"result a text":       {body: `[{"result":"0"}]`, err: ErrReply},
		"result a fraction":   {body: `[{"result":0.0}]`, err: ErrReply},
		"Result in capitals":  {body: `[{"Result":0}]`, err: ErrReply},
		"foreign escape":      {body: `[{"result":0,"text":"\u20ac"}]`, err: ErrReply},
		"bytes":               {body: `[{"result":0,"text":"\u00c3\u00a9 \u00ff"}]`, text: "é \xff"},
		"bulk, all conflicts": {body: `[{"result":3,"text":"x","arguments":{"failed-leases":[{"result":4,"error-message":"busy"},{"result":4}]}}]`, result: 3, code: 4, text: "busy"},
		"bulk, one error":     {body: `[{"result":3,"text":"x","arguments":{"failed-leases":[{"result":4},{"result":1,"error-message":"bad"}]}}]`, result: 3, code: 1, text: "bad"},
		"bulk, deletions":     {body: `[{"result":3,"text":"x","arguments":{"failed-deleted-leases":[{"result":1}]}}]`, result: 3, text: "x"},
		"bulk, some applied":  {body: `[{"result":0,"text":"x","arguments":{"failed-leases":[{"result":1,"error-message":"bad"}]}}]`, text: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := standIn(t, withLength(c.body))
			client, err := NewClient(url, nil)
			require.NoError(t, err)
			defer client.Close()
			reply, err := client.Call(t.Context(), "ha-heartbeat", nil)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.Equal(t, c.result, reply.Result)
			if c.code == 0 {
				require.NoError(t, err)
				require.Equal(t, c.text, reply.Text)
				return
			}
			var result *ResultError
			require.ErrorAs(t, err, &result)
			require.Equal(t, ResultError{c.code, c.text}, *result)
		})
	}
}

// The status of an answer and its type do not matter to Kea, nor to us.
func TestClientIgnoresStatus(t *testing.T) {
	t.Parallel()
	for _, head := range []string{
		"HTTP/1.1 500 No\r\nContent-Length: 14\r\n\r\n",
		"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n", // until the end
	} {
		url, _ := standIn(t, head+`[{"result":0}]`)
		client, err := NewClient(url, nil)
		require.NoError(t, err)
		_, err = client.Call(t.Context(), "x", nil)
		require.NoError(t, err)
	}
}

// Headers and body are those that Kea sends.
func TestClientRequest(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		io.WriteString(w, `[{"result":0}]`)
	}))
	defer server.Close()
	client, err := NewClient(server.URL+"/", &ClientOptions{Service: []string{"dhcp4"}, User: "hauser", Password: "ha-secret"})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Call(t.Context(), "dhcp-disable", map[string]any{"origin": "ha-partner", "max-period": 60, "x": "é<\u2028"})
	require.NoError(t, err)
	require.Equal(t, http.Header{
		"Authorization":  {"Basic aGF1c2VyOmhhLXNlY3JldA=="},
		"Content-Length": {strconv.Itoa(len(body))},
		"Content-Type":   {"application/json"},
	}, got.Header)
	require.Equal(t, "POST", got.Method)
	require.Equal(t, `{ "arguments": { "max-period": 60, "origin": "ha-partner", "x": "\u00c3\u00a9<\u00e2\u0080\u00a8" }, "command": "dhcp-disable", "service": [ "dhcp4" ] }`, string(body))
}

// One connection serves call after call.
func TestClientReusesConnection(t *testing.T) {
	t.Parallel()
	var conns atomic.Int32
	server := httptest.NewUnstartedServer(heartbeatMux())
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client, err := NewClient(server.URL, nil)
	require.NoError(t, err)
	defer client.Close()
	for range 10 {
		_, err := client.Call(t.Context(), "ha-heartbeat", nil)
		require.NoError(t, err)
	}
	require.Equal(t, int32(1), conns.Load())
}

// When time is up the connection is reset, so that the server learns of it and
// a late answer is not taken for the next.
func TestClientTimeout(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	client, err := NewClient("http://"+listener.Addr().String(), nil)
	require.NoError(t, err)

	timeUp := errors.New("the partner's time is up")
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := client.Call(ctx, "ha-heartbeat", nil)
		result <- err
	}()
	conn, err := listener.Accept()
	require.NoError(t, err)
	defer conn.Close()
	_, err = http.ReadRequest(bufio.NewReader(conn))
	require.NoError(t, err)
	cancel(timeUp)
	err = <-result
	require.ErrorIs(t, err, timeUp)
	require.ErrorContains(t, err, "ha-heartbeat to http://127.0.0.1:")
	_, err = io.ReadAll(conn)
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestClientLimit(t *testing.T) {
	t.Parallel()
	fits := `[{"result":0,"text":"` + strings.Repeat("x", 75) + `"}]`
	require.Len(t, fits, 99)
	for body, want := range map[string]error{fits: nil, fits + " ": nil, fits + "  ": ErrTooLarge} {
		url, _ := standIn(t, withLength(body))
		client, err := NewClient(url, &ClientOptions{MaxReply: 100})
		require.NoError(t, err)
		_, err = client.Call(t.Context(), "x", nil)
		require.ErrorIs(t, err, want)
	}
}

func TestClientUnix(t *testing.T) {
	t.Parallel()
	mux := heartbeatMux()
	block := make(chan struct{})
	mux.Handle("block", func(context.Context, json.RawMessage) Response { <-block; return Response{} })
	path := serveUnix(t, &UnixServer{Mux: mux})
	client, err := NewClient("unix:"+path, nil)
	require.NoError(t, err)
	defer client.Close()
	reply, err := client.Call(t.Context(), "ha-heartbeat", nil)
	require.NoError(t, err)
	require.Equal(t, "HA peer status returned.", reply.Text)
	_, err = client.Call(t.Context(), "no-such", nil)
	var result *ResultError
	require.ErrorAs(t, err, &result)
	require.Equal(t, Unsupported, result.Code)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.Call(ctx, "block", nil)
	require.ErrorIs(t, err, context.Canceled)
	close(block)

	small, err := NewClient("unix:"+path, &ClientOptions{MaxReply: 20})
	require.NoError(t, err)
	_, err = small.Call(t.Context(), "ha-heartbeat", nil)
	require.ErrorIs(t, err, ErrTooLarge)

	mute := filepath.Join(t.TempDir(), "mute")
	listener, err := ListenUnix(mute)
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			json.NewDecoder(conn).Decode(new(json.RawMessage))
			conn.Close()
		}
	}()
	silent, err := NewClient("unix:"+mute, nil)
	require.NoError(t, err)
	_, err = silent.Call(t.Context(), "ha-heartbeat", nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	nobody, err := NewClient("unix:"+path+"x", nil)
	require.NoError(t, err)
	_, err = nobody.Call(t.Context(), "ha-heartbeat", nil)
	require.Error(t, err)
}

func TestClientAddresses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "ftp://x/", "192.0.2.1:8000", "http://", "unix:", "http://[::1"} {
		_, err := NewClient(bad, nil)
		require.ErrorContains(t, err, "unix:/path", "%q: what it may be is said", bad)
	}
	for _, good := range []string{"http://192.0.2.1:8000/", "https://[2001:db8::1]:8000", "unix:/run/kea/socket", "unix:///run/kea/socket"} {
		_, err := NewClient(good, nil)
		require.NoError(t, err, good)
	}
}
