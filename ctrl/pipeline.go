package ctrl

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Pipeline is a connection of its own to a server, over which messages of one
// Content-Type go (see MessageFunc) without each waiting for the answer to the
// one before. The answers come in the order of the messages. One goroutine may
// send while another receives.
type Pipeline struct {
	contentType string
	limit       int64  // of an answer
	head        []byte // of each request, up to its length
	conn        *clientConn
	in          limitedReader
	buf         *bufio.Reader
	out, answer []byte
}

// Pipeline connects to a server, which must be one by http or https, as long as
// ctx allows. The connection is not one of ClientOptions.MaxConns.
func (c *Client) Pipeline(ctx context.Context, contentType string) (*Pipeline, error) {
	if c.conns == nil {
		return nil, fmt.Errorf("message to %s: only by http or https", c.url.Redacted())
	}
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("message to %s: %w", c.url.Redacted(), err)
	}
	var head bytes.Buffer
	c.begin(&head)
	fmt.Fprintf(&head, "Content-Type: %s\r\nContent-Length: ", contentType)
	p := &Pipeline{contentType: contentType, limit: c.opts.MaxReply, head: head.Bytes(), conn: conn, in: limitedReader{r: conn}}
	p.buf = bufio.NewReader(&p.in)
	return p, nil
}

// Send sends a message. After an error the pipeline is of no use.
func (p *Pipeline) Send(body []byte) error {
	p.out = append(p.out[:0], p.head...)
	p.out = strconv.AppendInt(p.out, int64(len(body)), 10)
	p.out = append(append(p.out, "\r\n\r\n"...), body...)
	_, err := p.conn.Write(p.out)
	return err
}

// Receive returns the next answer, which is good until the next call. It waits
// for the given time. A *StatusError says that the server has not taken the
// message. After any error the pipeline is of no use.
func (p *Pipeline) Receive(within time.Duration) ([]byte, error) {
	p.conn.SetReadDeadline(time.Now().Add(within))
	p.in.left = maxHeader
	resp, err := http.ReadResponse(p.buf, nil)
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	p.in.left = math.MaxInt64
	if p.answer, err = readInto(p.answer[:0], &limitedReader{r: resp.Body, left: p.limit}, resp.ContentLength); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != p.contentType {
		return nil, &StatusError{p.contentType, resp.StatusCode}
	}
	return p.answer, nil
}

// Close resets the connection: what is on its way does not arrive any more. It
// may be called more than once, and while others send and receive.
func (p *Pipeline) Close() error { return p.conn.raw.Close() }
