package ctrl

import (
	"context"
	"fmt"
	"net/http"
)

// MessageFunc takes a message, which is what has no place in a command: a POST
// of a Content-Type of its own, whose answer is of the same.
//
// Messages may be sent without waiting for answers, see Pipeline. So it only
// begins with the message, and returns what goes on with it and answers. That
// is called once the earlier messages of the connection are answered, always
// and only once; until it returns body may be used. Functions for several
// connections may be called at the same time.
type MessageFunc func(ctx context.Context, body []byte) (answer func() []byte)

// HandleMessage sets what takes the messages of a Content-Type, which is
// compared byte by byte. They are subject to the same limits and the same
// authentication as commands; where HTTPServer.Accept names the commands that
// may be run it has to name the Content-Type as well.
func (m *Mux) HandleMessage(contentType string, h MessageFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.messages == nil {
		m.messages = make(map[string]MessageFunc)
	}
	m.messages[contentType] = h
}

// messageHandler returns what takes the messages of a Content-Type, or nil.
func (m *Mux) messageHandler(contentType string) MessageFunc {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.messages[contentType]
}

// begin begins with a message and returns what goes on with it. A handler that
// panics must not end the server.
func (s *HTTPServer) begin(ctx context.Context, h MessageFunc, contentType string, body []byte) func() answer {
	var goOn func() []byte
	began := contained(logger(s.Logger), contentType, func() { goOn = h(ctx, body) })
	return func() answer {
		a := answer{status: http.StatusOK, contentType: contentType}
		if !began || !contained(logger(s.Logger), contentType, func() { a.body = goOn() }) {
			return refusal(http.StatusInternalServerError)
		}
		return a
	}
}

// StatusError says that a server has not taken a message.
type StatusError struct {
	ContentType string // of the message
	Status      int    // of HTTP
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the server takes no message of type %s: %d %s", e.ContentType, e.Status, http.StatusText(e.Status))
}
