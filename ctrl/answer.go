package ctrl

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// answer is what an HTTPServer says to a request.
type answer struct {
	status      int
	contentType string // empty: that of commands
	body        []byte
	challenge   string // of status 401
}

// success is the answer that holds a response. That one cannot be encoded is
// its handler's fault.
func success(response Response) answer {
	body, err := response.appendTo([]byte("[ "))
	if err != nil {
		return refusal(http.StatusInternalServerError)
	}
	return answer{status: http.StatusOK, body: append(body, " ]"...)}
}

// refusal is the answer to what is no command.
func refusal(status int) answer {
	body, _ := Response{Result: status, Text: http.StatusText(status)}.appendTo(nil)
	return answer{status: status, body: body}
}

// keepsConn says whether another request may follow: only if all of this one
// has been read.
func (a answer) keepsConn() bool {
	switch a.status {
	case http.StatusOK, http.StatusForbidden, http.StatusInternalServerError:
		return true
	}
	return false
}

func (a answer) header(h http.Header) {
	h.Set("Content-Type", cmp.Or(a.contentType, commandType))
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.challenge != "" {
		h.Set("WWW-Authenticate", a.challenge)
	}
}

// writeTo sends the answer with the headers that Kea sends, and no others.
func (a answer) writeTo(w io.Writer, proto string) error {
	h := make(http.Header)
	a.header(h)
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %d %s\r\n", proto, a.status, http.StatusText(a.status))
	h.Write(&b)
	b.WriteString("\r\n")
	b.Write(a.body)
	_, err := w.Write(b.Bytes())
	return err
}
