package ctrl

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
)

// connect makes a connection to the server of a client.
func (c *Client) connect(ctx context.Context) (*clientConn, error) {
	secure := c.url.Scheme == "https"
	port := c.url.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[secure]
	}
	raw, err := c.opts.Dial(ctx, "tcp", net.JoinHostPort(c.url.Hostname(), port))
	if err != nil {
		return nil, err
	}
	var config *tls.Config
	if secure {
		config = new(tls.Config)
		if c.opts.TLS != nil {
			config = c.opts.TLS.Clone()
		}
		config.ServerName = cmp.Or(config.ServerName, c.url.Hostname())
	}
	return newClientConn(ctx, raw, config)
}

// exchangeHTTP sends a body and returns that of the answer. It does not use
// net/http's client, which goes on connecting when nobody waits any more.
func (c *Client) exchangeHTTP(ctx context.Context, body []byte) ([]byte, error) {
	conn, err := c.conns.take(ctx)
	if err != nil {
		return nil, err
	}
	// Below TLS, whose own end would wait for the server.
	goOn := context.AfterFunc(ctx, func() { conn.raw.Close() })
	reply, keep, err := conn.exchange(c.request(body), c.opts.MaxReply)
	if goOn() && keep && err == nil {
		c.conns.keep(conn)
	} else {
		c.conns.drop(conn)
	}
	return reply, err
}

// request returns a request with the headers that Kea sends, and no others, in
// Kea's order.
func (c *Client) request(body []byte) []byte {
	var b bytes.Buffer
	c.begin(&b)
	fmt.Fprintf(&b, "Content-Length: %d\r\nContent-Type: %s\r\n\r\n", len(body), commandType)
	b.Write(body)
	return b.Bytes()
}

// begin writes what all requests begin with.
func (c *Client) begin(b *bytes.Buffer) {
	host, _, _ := strings.Cut(c.url.Hostname(), "%") // zones are for this host only
	fmt.Fprintf(b, "POST %s HTTP/1.1\r\nHost: %s\r\n", c.url.RequestURI(), host)
	if c.opts.User != "" {
		fmt.Fprintf(b, "Authorization: %s\r\n", basicAuthorization(c.opts.User, c.opts.Password))
	}
}

// exchange sends a request and returns the body of the answer, and whether
// another request may follow. The status does not matter: what the server says
// is in the body.
func (c *clientConn) exchange(request []byte, limit int64) (body []byte, keep bool, err error) {
	// A server may refuse before it has read everything. So its answer is
	// looked for even if not all could be sent.
	_, sendErr := c.Write(request)
	in := &limitedReader{r: c, left: maxHeader}
	buf := bufio.NewReader(in)
	var resp *http.Response
	for resp == nil || resp.StatusCode/100 == 1 {
		if resp, err = http.ReadResponse(buf, &http.Request{Method: http.MethodPost}); err != nil {
			return nil, false, fmt.Errorf("no answer: %w", cmp.Or(sendErr, err))
		}
	}
	in.left = math.MaxInt64
	if body, err = readLimited(resp.Body, limit); err != nil {
		return nil, false, err
	}
	return body, sendErr == nil && !resp.Close && buf.Buffered() == 0, nil
}
