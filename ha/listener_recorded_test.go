package ha

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// recordedExchange is a line of the recordings of Kea 2.2.0.
type recordedExchange struct {
	From, To, Case  string
	Method, Path    string
	Version         string            `json:"http_version"`
	Headers         map[string]string `json:"request_headers"`
	Request         json.RawMessage
	RequestRaw      *string `json:"request_raw"`
	Bytes           int     `json:"request_bytes"`
	Status          int
	Reason          string
	ResponseHeaders map[string]string `json:"response_headers"`
	Response        json.RawMessage
}

func (r *recordedExchange) name() string {
	var request struct{ Command any }
	json.Unmarshal(r.Request, &request)
	return fmt.Sprintf("%s to %s %s %v", r.From, r.To, r.Case, request.Command)
}

// wire returns the request as it was sent; nil: it was not recorded whole.
func (r *recordedExchange) wire() []byte {
	body := []byte(r.Request)
	if r.RequestRaw != nil {
		body = []byte(*r.RequestRaw)
	}
	if r.Status == 0 || r.Bytes != 0 || r.Version != "HTTP/1.0" && r.Version != "HTTP/1.1" || r.Headers["Transfer-Encoding"] != "" {
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\r\n", r.Method, r.Path, r.Version)
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		value := r.Headers[name]
		if strings.EqualFold(name, "Content-Length") && r.RequestRaw == nil {
			value = strconv.Itoa(len(body)) // spaces are not recorded
		}
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// All that was said to real servers is said to the listener, which answers as
// they did: the same status, the same headers, a list or an object. What
// commands answer is not looked at here, they answer what was recorded.
func TestListenerAsRecorded(t *testing.T) {
	t.Parallel()
	restricted, open := true, false
	secret := Peer{BasicAuthUser: "hauser", BasicAuthPassword: "ha-secret"}
	authorization := map[string]string{
		"no authorization": "Kea's listener asks for the password only since 3.3.0",
		"wrong password":   "the same",
	}
	agent := []string{
		"no service", "service not configured", "unknown service", "two services", "list-commands of the agent", "server behind the agent gone",
	}
	for file, c := range map[string]struct {
		restrict  *bool
		this      Peer
		different map[string]string // cases in which we differ, and why
		forAgent  []string          // cases about an agent that has several servers behind it, which we are not
	}{
		"v4-admin-http":       {restrict: &open}, // there is none of v6, which answered all the same
		"v4-admin-restricted": {restrict: &restricted},
		"v6-admin-restricted": {restrict: &restricted},
		"v4-auth-listener":    {restrict: &open, this: secret, different: authorization},
		"v6-auth-listener":    {restrict: &open, this: secret, different: authorization},
		"v4-auth-agent":       {restrict: &open, this: secret, forAgent: agent},
		"v6-auth-agent":       {restrict: &open, this: secret, forAgent: agent},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			all := readExchanges(t, file)
			mux, answer := recordedMux(all)
			cfg := listenerConfig(c.this)
			cfg.RestrictCommands = c.restrict
			address := runListener(t, familyOf(file), cfg, mux, nil)
			said := 0
			for _, rec := range all {
				send := rec.wire()
				if send == nil || slices.Contains(c.forAgent, rec.Case) {
					continue
				}
				said++
				*answer = rec.Response
				got := say(t, address, send)
				if why, ok := c.different[rec.Case]; ok {
					require.NotEqual(t, rec.answered(t), got, "%s: no longer different: %s", rec.name(), why)
					continue
				}
				require.Equal(t, rec.answered(t), got, rec.name())
			}
			require.Greater(t, said, 10)
		})
	}
}

func readExchanges(t *testing.T, name string) (all []recordedExchange) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".jsonl")
	require.NoError(t, err)
	for line := range bytes.Lines(text) {
		var one recordedExchange
		require.NoError(t, json.Unmarshal(line, &one), "%s", line)
		all = append(all, one)
	}
	return all
}

// recordedMux knows the commands that the recorded server knew, all of which
// answer with the first element of answer.
func recordedMux(all []recordedExchange) (mux *ctrl.Mux, answer *json.RawMessage) {
	mux, answer = ctrl.NewMux(), new(json.RawMessage)
	for _, rec := range all {
		var request struct{ Command string }
		var response []struct{ Result int }
		if json.Unmarshal(rec.Request, &request) != nil || request.Command == "" || json.Unmarshal(rec.Response, &response) != nil || len(response) == 0 || response[0].Result == ctrl.Unsupported {
			continue
		}
		mux.Handle(request.Command, func(context.Context, json.RawMessage) ctrl.Response {
			var list []struct {
				Result    int
				Text      string
				Arguments any
			}
			json.Unmarshal(*answer, &list)
			return ctrl.Response{Result: list[0].Result, Text: list[0].Text, Arguments: list[0].Arguments}
		})
	}
	return mux, answer
}

// answered is what matters of an answer.
type answered struct {
	Status, Body string
	Headers      []string
}

func (r *recordedExchange) answered(t *testing.T) answered {
	a := answered{Status: fmt.Sprintf("%d %s", r.Status, r.Reason), Headers: slices.Sorted(maps.Keys(r.ResponseHeaders))}
	var body any
	require.NoError(t, json.Unmarshal(r.Response, &body))
	text, _ := json.Marshal(body)
	a.Body = string(text)
	if r.Method == http.MethodHead {
		a.Body = "" // which net/http does not read
	}
	return a
}

// say sends a request on a connection of its own and returns what comes back.
func say(t *testing.T, address string, request []byte) answered {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write(request)
	require.NoError(t, err)
	method, _, _ := strings.Cut(string(request), " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NotContains(t, resp.TransferEncoding, "chunked")
	if date := resp.Header.Get("Date"); date != "" {
		_, err = time.Parse(http.TimeFormat, date)
		require.NoError(t, err)
	}
	var body any
	if len(text) > 0 {
		require.NoError(t, json.Unmarshal(text, &body), "%s", text)
		text, _ = json.Marshal(body)
	}
	// net/http writes the name differently.
	headers := strings.ReplaceAll(strings.Join(slices.Sorted(maps.Keys(resp.Header)), " "), "Www-", "WWW-")
	return answered{Status: resp.Status, Body: string(text), Headers: strings.Fields(headers)}
}
