package ctrl

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// scriptedConn is a connection whose peer says all it has to say at once, and
// takes what it is sent.
type scriptedConn struct {
	said io.Reader

	mu    sync.Mutex
	heard bytes.Buffer
}

func (c *scriptedConn) Read(p []byte) (int, error) { return c.said.Read(p) }

func (c *scriptedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heard.Write(p)
}

func (*scriptedConn) Close() error                     { return nil }
func (*scriptedConn) CloseWrite() error                { return nil }
func (*scriptedConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*scriptedConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*scriptedConn) SetDeadline(time.Time) error      { return nil }
func (*scriptedConn) SetReadDeadline(time.Time) error  { return nil }
func (*scriptedConn) SetWriteDeadline(time.Time) error { return nil }

// served is what a server answers who says so.
func served(t *testing.T, said []byte, serve func(*guest)) *bytes.Buffer {
	conn := &scriptedConn{said: bytes.NewReader(said)}
	g := newCrowd(1).enter(t.Context(), conn)
	serve(g)
	g.leave()
	return &conn.heard
}

// Whatever comes to an HTTP server, what it says is HTTP as Kea reads it: a
// response to each request, and at most one to what is none.
func FuzzHTTPServer(f *testing.F) {
	message := "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: " + testType + "\r\nContent-Length: 3\r\n\r\nabc"
	for _, said := range []string{
		heartbeat, heartbeat + heartbeat, message, message + message + heartbeat + message, heartbeat[:20],
		"GET / HTTP/1.0\r\n\r\n", "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" + heartbeat,
		"POST / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic Og==\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n{",
		"\x16\x03\x01\x02\x00\x01", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
	} {
		f.Add([]byte(said))
	}
	s := &HTTPServer{Mux: echoMux(), MaxRequest: 1000}
	f.Fuzz(func(t *testing.T, said []byte) {
		heard := served(t, said, func(g *guest) { s.serveConn(t.Context(), t.Context(), g) })
		most := 1
		for in := bufio.NewReader(bytes.NewReader(said)); ; most++ {
			req, err := http.ReadRequest(in)
			if err != nil {
				break
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				break
			}
		}
		for out := bufio.NewReader(heard); ; most-- {
			if _, err := out.Peek(1); errors.Is(err, io.EOF) {
				return
			}
			require.Positive(t, most, "more responses than requests")
			resp, err := http.ReadResponse(out, nil)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.EqualValues(t, len(body), resp.ContentLength, "a length that is said")
			switch resp.Header.Get("Content-Type") {
			case testType:
				require.Equal(t, http.StatusOK, resp.StatusCode)
			case commandType:
				require.True(t, json.Valid(body), "%s", body)
				require.Equal(t, resp.StatusCode == http.StatusOK, body[0] == '[', "%d %s", resp.StatusCode, body)
			default:
				t.Fatalf("a response of type %q", resp.Header.Get("Content-Type"))
			}
		}
	})
}

// Whatever comes to a unix socket, a server says nothing or one response.
func FuzzUnixServer(f *testing.F) {
	addRecorded(f, "request")
	f.Add([]byte(`{"command": "list-commands"} {"command": "list-commands"}`))
	f.Add([]byte(`{"command": "list-commands"`))
	s := &UnixServer{Mux: echoMux(), MaxRequest: 5000}
	f.Fuzz(func(t *testing.T, said []byte) {
		heard := served(t, said, func(g *guest) { s.serveConn(t.Context(), t.Context(), g) })
		if heard.Len() == 0 {
			return
		}
		reply, err := parseReply(heard.Bytes(), true)
		require.NoError(t, err, "%s", heard)
		_, isCommand := commandIn(said)
		require.True(t, isCommand || reply.Result != Success)
	})
}

// commandIn returns the name of the command that the text begins with.
func commandIn(text []byte) (string, bool) {
	text, err := keatext.Decode(text)
	if err != nil {
		return "", false
	}
	var members map[string]json.RawMessage
	if json.NewDecoder(bytes.NewReader(text)).Decode(&members) != nil {
		return "", false
	}
	return keatext.Unquote(members["command"])
}

// FuzzPipelineAnswer is what a server may answer to a message. What the HTTP
// library understands is understood, and nothing else.
func FuzzPipelineAnswer(f *testing.F) {
	answer := "HTTP/1.1 200 OK\r\nContent-Type: " + testType + "\r\nContent-Length: 3\r\n\r\nABC"
	for _, said := range []string{
		answer, answer + answer, answer[:len(answer)-1], withLength(`[{"result":0}]`), "HTTP/1.1 403 Forbidden\r\nContent-Type: " + testType + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: " + testType + "\r\n\r\nendless", "HTTP/1.1 200 OK\r\nContent-Type: " + testType + "\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
	} {
		f.Add([]byte(said))
	}
	const limit = 1000
	f.Fuzz(func(t *testing.T, said []byte) {
		conn := &scriptedConn{said: bytes.NewReader(said)}
		p := &Pipeline{contentType: testType, limit: limit, conn: &clientConn{Conn: conn, raw: conn}, in: limitedReader{r: conn}}
		p.buf = bufio.NewReader(&p.in)
		for in := bufio.NewReader(bytes.NewReader(said)); ; {
			answer, err := p.Receive(time.Second)
			require.LessOrEqual(t, len(answer), limit)
			resp, libErr := http.ReadResponse(in, nil)
			var body []byte
			if libErr == nil {
				body, libErr = io.ReadAll(resp.Body)
			}
			if err != nil {
				good := libErr == nil && len(body) <= limit && resp.StatusCode == http.StatusOK && resp.Header.Get("Content-Type") == testType
				require.False(t, good && len(said) < maxHeader, "%v", err)
				return
			}
			require.NoError(t, libErr)
			require.Equal(t, string(body), string(answer))
		}
	})
}

// Who is let in has said a user's name and password, by the library's reading
// or in Kea's encoding.
func FuzzAuthorization(f *testing.F) {
	users := map[string]string{"admin": "secret", "": "", "ü": "pä:ss"}
	for user, password := range users {
		f.Add(basicAuthorization(user, password))
		f.Add("basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	f.Add("Bearer x")
	f.Add("Basic YWRtaW46c2VjcmV0 ")
	auth := &BasicAuth{Users: users}
	f.Fuzz(func(t *testing.T, header string) {
		said := false
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		if user, password, ok := r.BasicAuth(); ok {
			want, known := users[user]
			// The library is lenient about how base64 is written.
			said = known && want == password && base64.StdEncoding.EncodeToString([]byte(user+":"+password)) == header[6:]
		}
		if said {
			require.True(t, auth.allows(header))
		}
		if !auth.allows(header) || said {
			return
		}
		for user, password := range users {
			said = said || len(header) > 6 && basicAuthorization(user, password)[6:] == trimmed(header[6:]) ||
				base64.StdEncoding.EncodeToString([]byte(user+":"+password)) == trimmed(header[6:])
		}
		require.True(t, said, "%q is let in", header)
	})
}

func trimmed(s string) string { return string(bytes.TrimSpace([]byte(s))) }
