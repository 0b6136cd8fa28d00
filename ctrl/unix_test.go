package ctrl

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ask sends text on a new connection and returns all that comes back.
func ask(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	defer conn.Close()
	_, err := conn.Write([]byte(text))
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(answer)
}

func serveUnix(t *testing.T, s *UnixServer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := ListenUnix(path)
	require.NoError(t, err)
	runServer(t, listener, s.Serve)
	return path
}

// As tried on a real Kea: the end of a command is found by its brackets, and
// what follows does not matter.
func TestUnixFraming(t *testing.T) {
	t.Parallel()
	mux := NewMux()
	mux.Handle("x", func(context.Context, json.RawMessage) Response { return Response{Text: "done"} })
	mux.Handle("panics", func(context.Context, json.RawMessage) Response { panic("oops") })
	mux.Handle("nonsense", func(context.Context, json.RawMessage) Response { return Response{Arguments: make(chan int)} })
	path := serveUnix(t, &UnixServer{Mux: mux, MaxRequest: 1000})
	const done = `{ "result": 0, "text": "done" }`
	for send, want := range map[string]string{
		`{"command":"x"}`:                            done,
		` { "command" : "x" }` + "\n":                done,
		`{"command":"x"} y`:                          done,
		`{"command":"x"}{"command":"list-commands"}`: done,
		`[1]`:                        `{ "result": 1, "text": "Error during command processing: Invalid command Element specified, expected map" }`,
		`{}`:                         `{ "result": 1, "text": "Error during command processing: Invalid answer specified, does not contain mandatory 'command'" }`,
		`{"command":"\u0041\u00e9"}`: `{ "result": 2, "text": "'A\u00e9' command not supported." }`,
		`{"command":"é€"}`:           `{ "result": 2, "text": "'\u00c3\u00a9\u00e2\u0082\u00ac' command not supported." }`,
		`{"command":"a` + "\xff" + `b\/` + "\x7f" + `"}`: `{ "result": 2, "text": "'a\u00ffb/\u007f' command not supported." }`,
		`{"command":"x","command":"y"}`:                  `{ "result": 2, "text": "'y' command not supported." }`,
		`{"Command":"x"}`:                                `{ "result": 1, "text": "Error during command processing: Invalid answer specified, does not contain mandatory 'command'" }`,
		`{"command":"panics"}`:                           `{ "result": 1, "text": "'panics' command failed: internal error" }`,
	} {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		require.Equal(t, want, ask(t, conn, send), send)
	}
	// What is wrong need not be said in Kea's words.
	for _, send := range []string{
		`x`, `{"command": bogus}`, `{"a":1,}`, `{"command":"\u0141"}`, `{"command":"x"]`, `{"command":"nonsense"}`,
		`{"command":"` + strings.Repeat("x", 2000) + `"}`, strings.Repeat("[", 999) + "}",
	} {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		require.Contains(t, ask(t, conn, send), `"result": 1`, send)
	}
}

// Who closes its half after the command is answered; who closes it within the
// command is not.
func TestUnixHalfClosed(t *testing.T) {
	t.Parallel()
	path := serveUnix(t, &UnixServer{Mux: NewMux()})
	for send, want := range map[string]string{
		`{"command":"x"}`: `{ "result": 2, "text": "'x' command not supported." }`,
		`{"command":"x"`:  "",
		"":                "",
	} {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		_, err = conn.Write([]byte(send))
		require.NoError(t, err)
		require.NoError(t, conn.(*net.UnixConn).CloseWrite())
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.Equal(t, want, string(answer), send)
		conn.Close()
	}
}

// Kea gives up after 10 s.
func TestUnixSlow(t *testing.T) {
	for sent, want := range map[string]string{
		"":             `{ "result": 1, "text": "Connection over control channel timed out" }`,
		`{"command": `: `{ "result": 1, "text": "Connection over control channel timed out, discarded partial command of 12 bytes" }`,
	} {
		bubble(t, (&UnixServer{Mux: NewMux()}).Serve, func(t *testing.T, l *pipeListener, _ context.CancelFunc) {
			start := time.Now()
			conn := l.dial()
			if sent != "" {
				_, err := conn.Write([]byte(sent))
				require.NoError(t, err)
			}
			answer, err := io.ReadAll(conn)
			require.NoError(t, err)
			require.Equal(t, want, string(answer))
			require.Equal(t, 10*time.Second, time.Since(start))
		})
	}
}

func TestListenUnix(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "socket")
	listener, err := ListenUnix(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o660), info.Mode().Perm())

	_, err = ListenUnix(path)
	require.ErrorContains(t, err, "another process listens on it")

	// A server that was killed leaves its socket behind.
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, listener.Close())
	_, err = os.Lstat(path)
	require.NoError(t, err)
	listener, err = ListenUnix(path)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	_, err = os.Lstat(path)
	require.ErrorIs(t, err, os.ErrNotExist)

	// Nothing else is replaced.
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("precious"), 0o600))
	_, err = ListenUnix(file)
	require.ErrorContains(t, err, "no socket")
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(file, link))
	_, err = ListenUnix(link)
	require.ErrorContains(t, err, "no socket")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "precious", string(text))

	open := filepath.Join(dir, "open")
	require.NoError(t, os.Mkdir(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	_, err = ListenUnix(filepath.Join(open, "socket"))
	require.ErrorContains(t, err, "everybody may write")
	_, err = ListenUnix(filepath.Join(dir, "missing", "socket"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
