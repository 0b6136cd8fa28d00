package ctrl

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
)

// HandlerFunc runs a command. args is nil if the request has none; it may be
// JSON of any type, since Kea leaves it to each command to complain. A handler
// may be called by many goroutines at the same time.
type HandlerFunc func(ctx context.Context, args json.RawMessage) Response

// Mux knows which function runs which command, and which takes which messages.
// It is an http.Handler that answers all of them; HTTPServer and UnixServer
// serve one.
type Mux struct {
	mu       sync.RWMutex
	commands map[string]HandlerFunc
	messages map[string]MessageFunc // by Content-Type
}

// NewMux returns a Mux that knows one command, list-commands.
func NewMux() *Mux {
	m := &Mux{commands: make(map[string]HandlerFunc)}
	m.Handle("list-commands", func(context.Context, json.RawMessage) Response {
		return Response{Arguments: m.Commands()}
	})
	return m
}

// Handle sets what runs the command. A function set earlier is replaced, so
// that one may be wrapped in another; see Handler.
func (m *Mux) Handle(command string, h HandlerFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commands[command] = h
}

// Handler returns what runs the command, or nil.
func (m *Mux) Handler(command string) HandlerFunc {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.commands[command]
}

// Commands returns the names of all commands, sorted.
func (m *Mux) Commands() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.commands))
}

// Run runs a command. A handler that panics is not contained here.
func (m *Mux) Run(ctx context.Context, req *Request) Response {
	h := m.Handler(req.Command)
	if h == nil {
		return Response{Result: Unsupported, Text: fmt.Sprintf("'%s' command not supported.", req.Command)}
	}
	return h(ctx, req.Arguments)
}

// runContained runs a command. It says false if the handler panicked.
func runContained(ctx context.Context, mux *Mux, req *Request, log *slog.Logger) (response Response, ok bool) {
	ok = contained(log, req.Command, func() { response = mux.Run(ctx, req) })
	return response, ok
}

// contained runs what a program has handed over. It says false if that panicked:
// it must not end the server. If it ends the goroutine, as a failing test does,
// that is logged, and the connection ends.
func contained(log *slog.Logger, what string, run func()) (ok bool) {
	defer func() {
		if ok {
			return
		}
		p := recover()
		if p == nil {
			p = "its goroutine was ended"
		}
		log.Error("handler panicked", "of", what, "panic", p, "stack", string(debug.Stack()))
	}()
	run()
	return true
}
