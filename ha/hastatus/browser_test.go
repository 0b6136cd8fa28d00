package hastatus

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser is a real Chromium, driven by the DevTools protocol over a pipe.
type browser struct {
	t       testing.TB
	in      io.WriteCloser
	session string
	ctx     context.Context

	mu       sync.Mutex
	last     int
	waiting  map[int]chan message
	loaded   chan struct{}
	troubles []string // what the browser complains of: exceptions, what the policy has stopped
}

// message is one of the protocol.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// startBrowser opens an empty page. Where there is no Chromium the test is
// skipped; where CI=true it fails.
func startBrowser(t testing.TB) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("not installed: chromium, and CI=true allows no skipping")
		}
		t.Skip("not installed: chromium (apt-get install chromium)")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--hide-scrollbars", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	theirIn, in, err := os.Pipe()
	require.NoError(t, err)
	out, theirOut, err := os.Pipe()
	require.NoError(t, err)
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	require.NoError(t, cmd.Start())
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, in: in, ctx: ctx, waiting: map[int]chan message{}, loaded: make(chan struct{}, 1)}
	var reading sync.WaitGroup
	reading.Go(func() { b.read(out) })
	t.Cleanup(func() {
		b.send("Browser.close", nil)
		_ = cmd.Wait()
		cancel()
		in.Close()
		reading.Wait()
		out.Close()
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// read takes what the browser says, until it has gone.
func (b *browser) read(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		answer := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		switch m.Method {
		case "Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening":
			b.troubles = append(b.troubles, string(text[:len(text)-1]))
		case "Page.loadEventFired":
			select {
			case b.loaded <- struct{}{}:
			default:
			}
		}
		b.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

func (b *browser) send(method string, params any) (chan message, error) {
	if params == nil {
		params = struct{}{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	text, err := json.Marshal(message{ID: b.last, Session: b.session, Method: method, Params: params})
	if err != nil {
		return nil, err
	}
	answer := make(chan message, 1)
	b.waiting[b.last] = answer
	_, err = b.in.Write(append(text, 0))
	return answer, err
}

// call has the browser do something.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	answer, err := b.send(method, params)
	require.NoError(b.t, err)
	select {
	case m := <-answer:
		require.Nil(b.t, m.Error, "%s: %+v", method, m.Error)
		if result != nil {
			require.NoError(b.t, json.Unmarshal(m.Result, result))
		}
	case <-b.ctx.Done():
		require.NoError(b.t, errors.New(method+": no answer in time"))
	}
}

// size sets the window, and whether the reader likes it dark.
func (b *browser) size(width, height int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// scripts switches JavaScript on or off, for pages that are opened from then on.
func (b *browser) scripts(on bool) {
	b.t.Helper()
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": !on}, nil)
}

// open loads a page.
func (b *browser) open(url string) {
	b.t.Helper()
	select {
	case <-b.loaded:
	default:
	}
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	select {
	case <-b.loaded:
	case <-b.ctx.Done():
		b.t.Fatal("the page does not load")
	}
}

// value returns what an expression is in the page, waiting if it is a promise.
func (b *browser) value(expression string, result any) {
	b.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &r)
	require.Nil(b.t, r.ExceptionDetails, string(r.ExceptionDetails))
	if result != nil {
		require.NoError(b.t, json.Unmarshal(r.Result.Value, result), "%s: %s", expression, r.Result.Value)
	}
}

// text returns what the reader sees of an element.
func (b *browser) text(selector string) (text string) {
	b.t.Helper()
	b.value(fmt.Sprintf("document.querySelector(%q).innerText", selector), &text)
	return text
}

// until waits until a condition holds in the page.
func (b *browser) until(condition string) {
	b.t.Helper()
	b.value(`new Promise(done => {
		const look = () => { if (`+condition+`) { watch.disconnect(); done(true); } };
		const watch = new MutationObserver(look);
		watch.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
		look();
	})`, nil)
}

// press presses a key.
func (b *browser) press(key string, code int) {
	b.t.Helper()
	for _, kind := range []string{"rawKeyDown", "char", "keyUp"} {
		params := map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
		if kind == "char" {
			if key != "Enter" {
				continue
			}
			params["text"] = "\r"
		}
		b.call("Input.dispatchKeyEvent", params, nil)
	}
}

// picture returns a PNG of the upper part of the page.
func (b *browser) picture(width, height int) []byte {
	b.t.Helper()
	var shot struct{ Data []byte }
	b.call("Page.captureScreenshot", map[string]any{
		"captureBeyondViewport": true, "clip": map[string]any{"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
	}, &shot)
	return shot.Data
}

// calm demands that the browser had nothing to complain of.
func (b *browser) calm() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.troubles)
}
